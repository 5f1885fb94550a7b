-- trace_cost.sql: what the invocations and the metered calls of the traces named in the first parameter (as in trace_summaries.sql) cost,
-- each; their spans began from $2 to $3, their invocations from $4 to $5, in ns. The macro reads the spans of those traces instead of all.
WITH asked AS MATERIALIZED (
    SELECT unnest(string_split($1, ',')) AS asked_id
),
span_rows AS NOT MATERIALIZED (
    SELECT *, rowid
    FROM main.span_rows
    WHERE trace_id IN (SELECT asked_id FROM asked)
      AND started_at BETWEEN make_timestamp_ns($2) AND make_timestamp_ns($3) /* where it can be */
)
SELECT
    trace_id,
    usd_of(sum(attos) FILTER (part = 'functions'))::VARCHAR AS functions,
    usd_of(sum(attos) FILTER (part = 'calls'))::VARCHAR AS calls,
    count(*) FILTER (attos IS NULL) AS unpriced
FROM (
    SELECT trace_id, 'functions' AS part, cost_attos AS attos
    FROM invocation_parts
    WHERE trace_id IN (SELECT asked_id FROM asked) AND started_at BETWEEN make_timestamp_ns($4) AND make_timestamp_ns($5)
    UNION ALL
    SELECT trace_id, 'calls', attos
    FROM priced_between($2::BIGINT, $3::BIGINT + 1)
)
GROUP BY trace_id
