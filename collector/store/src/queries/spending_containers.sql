-- spending_containers.sql: what tasks and pods cost between $from and $to, by group and by step of $step ns. What requests kept busy is
-- theirs; what was idle belongs to the task's service, and where groups are of requests only, to nobody.
WITH grouped AS (
    SELECT
        CASE $by
            WHEN 'service' THEN coalesce(shared.service, life.service)
            WHEN 'function' THEN '(containers)'
            WHEN 'route' THEN CASE WHEN span_id IS NULL THEN '(idle containers)' ELSE http_route END
            WHEN 'version' THEN life.service_version
            WHEN 'memory' THEN life.memory_mib || ' MB'
            WHEN 'tenant' THEN CASE WHEN span_id IS NULL THEN '(idle containers)' ELSE tenant END
            WHEN 'environment' THEN life.environment
        END AS name,
        shared.step, shared.is_request, shared.span_id, shared.attos,
        error OR fault OR throttle AS failed,
        life.memory_mib, life.architecture,
        shared.step = min(shared.step) OVER (PARTITION BY shared.task) AS is_first
    FROM container_shares($from::BIGINT, $to::BIGINT, $step::BIGINT) AS shared
    JOIN task_lives AS life ON life.task = shared.task
)
SELECT
    name, step,
    count(*) FILTER (is_request) AS requests,
    count(*) FILTER (is_request AND failed) AS failed,
    count(*) FILTER (is_request AND attos IS NULL) AS unpriced_requests,
    count(*) FILTER (span_id IS NULL AND is_first AND attos IS NULL) AS unpriced_tasks,
    sum(attos) FILTER (span_id IS NOT NULL) AS busy,
    sum(attos) FILTER (span_id IS NULL) AS idle,
    sum(attos) FILTER (failed) AS in_failed,
    min(memory_mib) AS least_memory,
    max(memory_mib) AS most_memory,
    CASE WHEN count(architecture) = count(*) AND min(architecture) = max(architecture) THEN min(architecture) END AS architecture
FROM grouped
GROUP BY name, step
ORDER BY name NULLS LAST, step
