-- How sure are these figures?
-- reported: the platform said what it bills; estimated: from a whole span; inferred: from less, the least it can have been.
SELECT
    cost_state,
    count(*) AS invocations,
    round(sum(cost_usd), 6) AS usd,
    count(*) FILTER (cost_usd IS NULL) AS without_price
FROM invocations
WHERE started_at > now() - INTERVAL 7 DAYS
GROUP BY cost_state
ORDER BY usd DESC NULLS LAST, cost_state
