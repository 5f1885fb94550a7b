-- Which requests cost most, with all that they set off?
-- A trace holds every invocation of the request's whole tree, asynchronous ones too. Found by cost first, so that the rest
-- is computed of twenty.
WITH dearest AS (
    SELECT trace_id, sum(cost_usd) AS usd
    FROM invocations
    WHERE started_at > now() - INTERVAL 1 DAY AND trace_id IS NOT NULL
    GROUP BY trace_id
    ORDER BY usd DESC NULLS LAST, trace_id
    LIMIT 20
)
SELECT
    trace_id,
    date_trunc('second', min(started_at)) AS started_at,
    count(*) AS invocations,
    count(DISTINCT "function") AS functions,
    round(usd, 9) AS usd
FROM invocations
JOIN dearest USING (trace_id)
WHERE started_at > now() - INTERVAL 1 DAY
GROUP BY trace_id, dearest.usd
ORDER BY dearest.usd DESC NULLS LAST, trace_id
