-- Which functions have more memory than they use?
-- Memory is processor too: less of it may take longer. The last column is a bound, not a promise: the same time with the memory used.
SELECT
    "function", memory_mb,
    max(max_memory_mb) AS most_used_mb,
    count(*) AS invocations,
    round(sum(cost_usd), 6) AS usd,
    round(100.0 * (memory_mb - max(max_memory_mb)) / memory_mb, 0) AS percent_unused
FROM invocations
WHERE started_at > now() - INTERVAL 7 DAYS AND max_memory_mb IS NOT NULL
GROUP BY "function", memory_mb
ORDER BY percent_unused DESC, usd DESC, "function"
LIMIT 20
