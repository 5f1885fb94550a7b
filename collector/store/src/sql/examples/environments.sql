-- What do production, staging and the rest cost, by account and region?
SELECT
    environment, account, region,
    count(*) AS invocations,
    round(sum(cost_usd), 6) AS usd
FROM invocations
WHERE started_at > now() - INTERVAL 7 DAYS
GROUP BY environment, account, region
ORDER BY usd DESC NULLS LAST, environment, region
