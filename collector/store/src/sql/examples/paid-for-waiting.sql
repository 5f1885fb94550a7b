-- Who pays for waiting?
-- While calls of its own were under way a function does no work, and is billed. Asynchronous calls and Step Functions wait for nothing.
SELECT
    "function",
    round(sum(waiting_cost_usd), 6) AS waiting_usd,
    round(sum(cost_usd), 6) AS usd,
    round(100.0 * sum(waiting_cost_usd) / sum(cost_usd), 1) AS percent
FROM invocations
WHERE started_at > now() - INTERVAL 1 DAY AND waiting_ms IS NOT NULL
GROUP BY "function"
ORDER BY waiting_usd DESC, "function"
LIMIT 20
