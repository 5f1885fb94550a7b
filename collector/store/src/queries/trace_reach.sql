-- trace_reach.sql: when the first and the last span of the traces named in the first parameter (as in trace_summaries.sql) began and when the last
-- ended, of those begun from $2 to $3. Looked for alone, little more than the ids of all spans is read.
SELECT
    epoch_ns(min(started_at)) AS "first",
    epoch_ns(max(started_at)) AS "last",
    max(epoch_ns(started_at) + duration_ns)::BIGINT AS "end"
FROM span_rows
WHERE trace_id IN (SELECT unnest(string_split($1, ',')))
  AND started_at BETWEEN make_timestamp_ns($2) AND make_timestamp_ns($3) /* where it can be */
