-- What do cold starts cost, in money and in waiting?
-- Init is billed since August 2025; who waited for it is told by felt_wait_ms.
SELECT
    "function",
    count(*) FILTER (cold_start) AS cold,
    round(100.0 * count(*) FILTER (cold_start) / count(*), 1) AS percent,
    round(sum(init_cost_usd), 6) AS init_usd,
    round(sum(felt_wait_ms) / 1000, 1) AS waited_s,
    round(quantile_cont(init_ms, 0.95), 0) AS init_p95_ms
FROM invocations
WHERE started_at > now() - INTERVAL 1 DAY
GROUP BY "function"
ORDER BY init_usd DESC, "function"
LIMIT 20
