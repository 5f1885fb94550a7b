-- At which hours is the money spent?
-- In the time of a place rather than UTC: put in your own zone.
SELECT
    hour(started_at AT TIME ZONE 'Europe/Berlin') AS hour_there,
    count(*) AS invocations,
    round(sum(cost_usd), 6) AS usd
FROM invocations
WHERE started_at > now() - INTERVAL 7 DAYS
GROUP BY hour_there
ORDER BY hour_there
