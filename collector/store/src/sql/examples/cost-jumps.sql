-- Which functions became dearer since yesterday?
-- The last 24 hours against the 24 before, for one million invocations, so that more traffic is not taken for a higher price.
WITH spent AS (
    SELECT
        "function", started_at > now() - INTERVAL 1 DAY AS today, sum(cost_usd) AS usd, count(cost_usd) AS priced
    FROM invocations
    WHERE started_at > now() - INTERVAL 2 DAYS
    GROUP BY "function", today
),
compared AS (
    SELECT
        "function",
        usd_per_million(max(usd) FILTER (today), max(priced) FILTER (today)) AS now_usd,
        usd_per_million(max(usd) FILTER (NOT today), max(priced) FILTER (NOT today)) AS before_usd
    FROM spent
    GROUP BY "function"
)
SELECT
    "function", round(before_usd, 2) AS before_usd_per_million, round(now_usd, 2) AS usd_per_million,
    round(100.0 * (now_usd - before_usd) / before_usd, 1) AS percent_more
FROM compared
ORDER BY percent_more DESC NULLS LAST, "function"
LIMIT 20
