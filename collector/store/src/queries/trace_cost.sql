-- trace_cost.sql: what the invocations and the metered calls of the traces named in the first parameter (as in trace_summaries.sql) cost,
-- each; their spans began from $2 to $3, their invocations from $4 to $5, in ns.
SELECT
    trace_id,
    usd_of(sum(attos) FILTER (part = 'functions'))::VARCHAR AS functions,
    usd_of(sum(attos) FILTER (part = 'calls'))::VARCHAR AS calls,
    count(*) FILTER (attos IS NULL) AS unpriced
FROM (
    SELECT trace_id, 'functions' AS part, cost_attos AS attos
    FROM invocation_parts
    WHERE trace_id IN (SELECT unnest(string_split($1, ','))) AND started_at BETWEEN make_timestamp_ns($4) AND make_timestamp_ns($5)
    UNION ALL
    SELECT trace_id, 'calls', attos
    FROM priced_between($2::BIGINT, $3::BIGINT + 1)
    WHERE trace_id IN (SELECT unnest(string_split($1, ',')))
)
GROUP BY trace_id
