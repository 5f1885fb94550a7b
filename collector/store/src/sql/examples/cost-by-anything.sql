-- What costs what, in one word?
-- cost_by takes service, function, version, route, team, customer, tenant, memory, architecture, region, environment, runtime, trigger,
-- outcome, start or any attribute as attr.NAME, and how far back to look.
SELECT name, invocations, failed, cold, round(usd, 6) AS usd
FROM cost_by('start', '7 days')
ORDER BY usd DESC NULLS LAST, name
