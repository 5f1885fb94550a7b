-- What do requests cost by any attribute of their spans?
-- Here customer.tier; put your own attribute in its place. The span of an invocation carries it, so
-- no other span has to be looked at.
SELECT
    s.attributes['customer.tier'] AS tier,
    count(*) AS invocations,
    round(sum(i.cost_usd), 6) AS usd
FROM invocations AS i
JOIN spans AS s ON s.trace_id = i.trace_id AND s.span_id = i.span_id
WHERE i.started_at > now() - INTERVAL 1 DAY AND s.started_at > now() - INTERVAL 1 DAY
  AND s.invocation_id IS NOT NULL
GROUP BY tier
ORDER BY usd DESC NULLS LAST, tier
