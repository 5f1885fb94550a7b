-- What would the same load cost on arm64?
-- The same billed time at the other price: real arm64 may be faster or slower, so measure one function before the rest.
WITH used AS (
    SELECT
        "function", region, memory_mb, sum(billed_ms)::BIGINT AS billed_ms, count(*) AS invocations, sum(cost_usd) AS usd
    FROM invocations
    WHERE started_at > now() - INTERVAL 7 DAYS AND architecture = 'x86_64' AND cost_usd IS NOT NULL
    GROUP BY "function", region, memory_mb
)
SELECT
    "function", region, memory_mb, invocations,
    round(usd, 6) AS usd,
    round(lambda_cost(region, 'arm64', memory_mb, billed_ms, current_date, requests := invocations).usd, 6) AS on_arm64_usd
FROM used
ORDER BY usd DESC, "function", region
LIMIT 20
