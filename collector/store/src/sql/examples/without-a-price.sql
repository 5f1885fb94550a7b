-- What has no price, and what is missing?
SELECT
    coalesce("function", service) AS what,
    CASE
        WHEN region IS NULL THEN 'no region: set cloud.region'
        WHEN memory_mb IS NULL THEN 'no memory: set faas.max_memory'
        WHEN billed_ms IS NULL THEN 'no duration: no report and no whole span'
        ELSE 'nobody prints the price of ' || region || ': see prices import'
    END AS missing,
    count(*) AS invocations
FROM invocations
WHERE started_at > now() - INTERVAL 7 DAYS AND cost_usd IS NULL
GROUP BY what, missing
ORDER BY invocations DESC, what, missing
LIMIT 20
