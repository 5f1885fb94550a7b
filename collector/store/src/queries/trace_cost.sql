-- trace_cost.sql: what the invocations and the metered calls of one trace cost.
SELECT
    sum(cost_usd) FILTER (part = 'functions')::VARCHAR AS functions,
    sum(cost_usd) FILTER (part = 'calls')::VARCHAR AS calls,
    count(*) FILTER (cost_usd IS NULL) AS unpriced
FROM (
    SELECT 'functions' AS part, cost_usd FROM invocations WHERE trace_id = $1
    UNION ALL
    SELECT 'calls', cost_usd FROM call_costs WHERE trace_id = $1
)
