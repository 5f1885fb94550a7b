-- Which functions cost most, in all and for a million invocations?
SELECT
    "function",
    count(*) AS invocations,
    round(sum(cost_usd), 6) AS usd,
    round(usd_per_million(sum(cost_usd), count(cost_usd)), 2) AS usd_per_million
FROM invocations
WHERE started_at > now() - INTERVAL 7 DAYS
GROUP BY "function"
ORDER BY usd DESC, "function"
LIMIT 20
