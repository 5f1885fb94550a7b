-- Which prices is all this computed with, and who says so?
SELECT region, item, architecture, unit, tier_from, usd, effective_on, layer, source
FROM prices
WHERE service = 'lambda' AND item IN ('duration', 'request') AND region IN (SELECT DISTINCT region FROM invocations)
ORDER BY region, item, architecture, tier_from, effective_on
