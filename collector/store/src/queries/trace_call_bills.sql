-- trace_call_bills.sql: what the metered calls of the traces named in the first parameter (as in trace_summaries.sql), begun from $2 to $3 (ns),
-- cost. The macro reads the spans of those traces instead of all.
WITH asked AS MATERIALIZED (
    SELECT unnest(string_split($1, ',')) AS asked_id
),
span_rows AS NOT MATERIALIZED (
    SELECT *, rowid
    FROM main.span_rows
    WHERE trace_id IN (SELECT asked_id FROM asked)
      AND started_at BETWEEN make_timestamp_ns($2) AND make_timestamp_ns($3) /* where it can be */
)
SELECT trace_id, 0::BIGINT AS cold, count(*) FILTER (attos IS NULL) AS unpriced, sum(attos) AS cost_attos
FROM priced_between($2::BIGINT, $3::BIGINT + 1)
GROUP BY trace_id
