-- What does one request of each route cost, with all that it sets off?
-- The route is that of the trace's first invocation; the cost that of all of them.
WITH requests AS (
    SELECT trace_id, arg_min(route, started_at) AS route, sum(cost_usd) AS usd
    FROM invocations
    WHERE started_at > now() - INTERVAL 1 DAY AND trace_id IS NOT NULL
    GROUP BY trace_id
)
SELECT
    route,
    count(*) AS requests,
    round(sum(usd), 6) AS usd,
    round(usd_per_million(sum(usd), count(usd)), 2) AS usd_per_million
FROM requests
WHERE route IS NOT NULL
GROUP BY route
ORDER BY usd DESC, route
