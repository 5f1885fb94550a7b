-- Which runtime and memory size start how fast, and at what price?
SELECT
    runtime, memory_mb,
    count(*) AS cold,
    round(median(init_ms), 0) AS init_median_ms,
    round(quantile_cont(init_ms, 0.95), 0) AS init_p95_ms,
    round(usd_per_million(sum(init_cost_usd), count(*)), 2) AS usd_per_million
FROM invocations
WHERE started_at > now() - INTERVAL 7 DAYS AND cold_start AND init_ms IS NOT NULL
GROUP BY runtime, memory_mb
ORDER BY runtime, memory_mb
