-- containers.sql: tasks alive between $from and $to (ns), dearest first, with what they did and cost in that time.
WITH shares AS (
    SELECT
        task,
        count(*) FILTER (is_request) AS requests,
        count(*) FILTER (is_request AND (error OR fault OR throttle)) AS failed,
        quantile_disc(duration_ns, 0.95) FILTER (is_request) AS p95,
        sum(busy_ns)::BIGINT AS billed,
        coalesce(sum(busy_ns) FILTER (span_id IS NOT NULL), 0)::BIGINT AS busy,
        sum(attos) AS cost_attos,
        coalesce(sum(attos) FILTER (span_id IS NOT NULL), 0) AS busy_attos,
        sum(attos) FILTER (span_id IS NULL) AS idle_attos
    FROM container_shares($from::BIGINT, $to::BIGINT, ($to - $from)::BIGINT, $from::BIGINT)
    GROUP BY task
)
SELECT
    life.* EXCLUDE (containers, pulled_at),
    to_json(containers)::VARCHAR AS containers,
    epoch_ns(pulled_at) AS pulled_ns,
    shares.* EXCLUDE (task),
    task_cost_until(life, 3600000000000) AS hour_attos,
    count(*) OVER () AS found
FROM shares
JOIN task_lives AS life ON life.task = shares.task
ORDER BY cost_attos DESC NULLS LAST, life.task
LIMIT $limit
