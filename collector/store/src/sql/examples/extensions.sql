-- What do extensions cost?
-- After the answer a function is billed until its extensions are done. Only the platform's report tells of it.
SELECT
    "function",
    round(median(extension_overhead_ms), 1) AS median_ms,
    round(100.0 * sum(extension_overhead_ms) / sum(billed_ms), 1) AS percent_of_billed_time,
    round(sum(cost_usd), 6) AS usd
FROM invocations
WHERE started_at > now() - INTERVAL 1 DAY AND extension_overhead_ms > 0
GROUP BY "function"
ORDER BY percent_of_billed_time DESC, "function"
LIMIT 20
