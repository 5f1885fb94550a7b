-- How far apart are cheap and dear invocations of one function?
-- USD for a million like this one: the median, one in twenty, one in a hundred, the dearest.
SELECT
    "function",
    round(quantile_disc(cost_usd, 0.5) * 1000000, 2) AS median,
    round(quantile_disc(cost_usd, 0.95) * 1000000, 2) AS p95,
    round(quantile_disc(cost_usd, 0.99) * 1000000, 2) AS p99,
    round(max(cost_usd) * 1000000, 2) AS dearest
FROM invocations
WHERE started_at > now() - INTERVAL 1 DAY
GROUP BY "function"
ORDER BY dearest DESC, "function"
LIMIT 20
