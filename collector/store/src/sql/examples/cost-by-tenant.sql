-- What does each customer cost?
-- The tenant of an invocation is Lambda's tenant id, or the attribute tenant.id of its span.
WITH tenants AS (
    SELECT tenant, count(*) AS invocations, sum(cost_usd) AS usd
    FROM invocations
    WHERE started_at > now() - INTERVAL 7 DAYS
    GROUP BY tenant
)
SELECT tenant, invocations, round(usd, 6) AS usd, round(100.0 * usd / sum(usd) OVER (), 1) AS percent
FROM tenants
ORDER BY usd DESC NULLS LAST, tenant
LIMIT 20
