-- What did each service cost in the last day, and what is that made of?
-- init and waiting are parts of the duration; requests, duration and SnapStart restores make the whole.
SELECT
    service,
    count(*) AS invocations,
    round(sum(cost_usd), 6) AS usd,
    round(sum(requests_cost_usd), 6) AS requests_usd,
    round(sum(duration_cost_usd), 6) AS duration_usd,
    round(sum(init_cost_usd), 6) AS of_it_init_usd,
    round(sum(waiting_cost_usd), 6) AS of_it_waiting_usd
FROM invocations
WHERE started_at > now() - INTERVAL 1 DAY
GROUP BY service
ORDER BY usd DESC, service
