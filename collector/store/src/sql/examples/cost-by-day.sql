-- What did each of the last seven days cost, and how much more than the day before?
-- The first and the last day are not whole.
WITH days AS (
    SELECT date_trunc('day', started_at) AS day, count(*) AS invocations, sum(cost_usd) AS usd
    FROM invocations
    WHERE started_at > now() - INTERVAL 7 DAYS
    GROUP BY day
)
SELECT day::DATE AS day, invocations, round(usd, 6) AS usd, round(usd - lag(usd) OVER (ORDER BY day), 6) AS more_than_before_usd
FROM days
ORDER BY day
