-- trace_bills.sql: what the invocations and metered calls of the traces named in the first parameter (as in trace_summaries.sql) cost; their
-- spans began between $2 and $3, in ns. The macro reads those spans instead of all.
WITH asked AS MATERIALIZED (
    SELECT unnest(string_split($1, ',')) AS asked_id
),
span_rows AS NOT MATERIALIZED (
    SELECT *, rowid
    FROM main.span_rows
    WHERE trace_id IN (SELECT asked_id FROM asked) AND started_at BETWEEN make_timestamp_ns($2) AND make_timestamp_ns($3)
)
SELECT
    trace_id,
    count(*) FILTER (cold_start) AS cold,
    count(*) FILTER (attos IS NULL) AS unpriced,
    sum(attos) AS cost_attos
FROM (
    SELECT trace_id, cold_start, cost_attos AS attos
    FROM invocation_parts
    WHERE trace_id IN (SELECT asked_id FROM asked)
      AND started_at BETWEEN make_timestamp_ns($2) AND make_timestamp_ns($3)
    UNION ALL
    SELECT trace_id, false, attos
    FROM priced_between($2::BIGINT, $3::BIGINT + 1)
)
GROUP BY trace_id
