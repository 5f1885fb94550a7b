-- spent_tasks.sql: what tasks and pods cost from $from until $to (ns), by service and step of $step ns, at rest and at work.
SELECT
    name, step, sum(cost)::HUGEINT AS tasks, count(*) FILTER (cost IS NULL AND is_first) AS unpriced_tasks
FROM (
    SELECT life.service AS name, step, cost, step = min(step) OVER (PARTITION BY task) AS is_first
    FROM task_steps($from::BIGINT, $to::BIGINT, $step::BIGINT, $from::BIGINT)
)
GROUP BY ALL
ORDER BY ALL
