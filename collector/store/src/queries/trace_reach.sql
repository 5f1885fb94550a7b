-- trace_reach.sql: when the first and the last span of the traces named in the first parameter (as in trace_summaries.sql) began, from $2 to
-- $3. Looked for alone, only the ids of all spans are read.
SELECT epoch_ns(min(started_at)) AS low, epoch_ns(max(started_at)) AS high
FROM span_rows
WHERE trace_id IN (SELECT unnest(string_split($1, ',')))
  AND started_at BETWEEN make_timestamp_ns($2) AND make_timestamp_ns($3) /* where it can be */
