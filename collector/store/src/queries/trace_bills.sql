-- trace_bills.sql: what the invocations of the traces named in the first parameter (as in trace_summaries.sql), begun from $2 to $3 (ns), cost.
SELECT
    trace_id,
    count(*) FILTER (cold_start) AS cold,
    count(*) FILTER (cost_attos IS NULL) AS unpriced,
    sum(cost_attos) AS cost_attos
FROM invocation_parts
WHERE trace_id IN (SELECT unnest(string_split($1, ',')))
  AND started_at BETWEEN make_timestamp_ns($2) AND make_timestamp_ns($3)
GROUP BY trace_id
