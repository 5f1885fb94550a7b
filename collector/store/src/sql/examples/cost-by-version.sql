-- Did a new version make a function dearer?
-- Versions of each function in the order in which they came.
SELECT
    "function", version, date_trunc('second', min(started_at)) AS since,
    count(*) AS invocations,
    round(usd_per_million(sum(cost_usd), count(cost_usd)), 2) AS usd_per_million,
    round(median(duration_ms), 1) AS median_ms
FROM invocations
WHERE started_at > now() - INTERVAL 7 DAYS
GROUP BY "function", version
ORDER BY "function", since, version
