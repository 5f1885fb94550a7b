-- Would one small task on Fargate be cheaper than a function?
-- Half a vCPU and 1 GiB, all seven days, against what each function cost. Whether one task can carry the load is for a test to say.
WITH functions AS (
    SELECT "function", region, count(*) AS invocations, sum(cost_usd) AS usd, sum(duration_ms) / 6048000 AS percent_busy
    FROM invocations
    WHERE started_at > now() - INTERVAL 7 DAYS AND region IS NOT NULL
    GROUP BY "function", region
)
SELECT
    "function", region, invocations,
    round(usd, 4) AS lambda_usd,
    round(fargate_cost(region, 'arm64', 0.5, 1024, 604800).usd, 4) AS fargate_usd,
    round(percent_busy, 2) AS percent_busy
FROM functions
ORDER BY lambda_usd DESC, "function", region
LIMIT 20
