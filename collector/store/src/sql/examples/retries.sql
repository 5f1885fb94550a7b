-- What did asynchronous retries cost?
-- Attempts at one event share their request id; the first is not counted here.
WITH attempts AS (
    SELECT "function", cost_usd, row_number() OVER (PARTITION BY request_id ORDER BY started_at) AS attempt
    FROM invocations
    WHERE started_at > now() - INTERVAL 1 DAY AND way = 'async'
)
SELECT "function", count(*) AS retries, round(sum(cost_usd), 6) AS usd
FROM attempts
WHERE attempt > 1
GROUP BY "function"
ORDER BY usd DESC, "function"
