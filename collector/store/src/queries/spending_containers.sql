-- spending_containers.sql: what tasks and pods cost between $from and $to, by group and by step of $step ns from $origin. What requests kept busy is
-- theirs; what was idle belongs to the task's service, and where groups are of requests only, to nobody.
WITH shared AS (
    SELECT
        shared.step, shared.is_request, shared.trace_id, shared.span_id, shared.task, shared.attos, shared.http_route, shared.name,
        shared.duration_ns, shared.tenant, coalesce(shared.service, life.service) AS service, life.service_version AS version,
        life.environment, life.region, life.cost_state, life.memory_mib, life.architecture, NULL::UBIGINT AS resource_id,
        error OR fault OR throttle AS failed,
        shared.step = min(shared.step) OVER (PARTITION BY shared.task) AS is_first
    FROM container_shares($from::BIGINT, $to::BIGINT, $step::BIGINT, $origin::BIGINT) AS shared
    JOIN task_lives AS life ON life.task = shared.task
),
grouped AS (
    SELECT matching.* EXCLUDE (name), /* name */
    FROM (SELECT * FROM shared WHERE TRUE /* conditions */) AS matching
    /* joins */
),
parts AS (
    SELECT *, below = 0 AS is_whole, part_of_attos(attos, below, upto, shares) AS part FROM grouped
)
SELECT
    name, step,
    count(*) FILTER (is_request) AS requests,
    count(*) FILTER (is_request AND failed) AS failed,
    count(*) FILTER (is_request AND attos IS NULL) AS unpriced_requests,
    count(*) FILTER (is_request AND is_whole) AS first_requests,
    count(*) FILTER (is_request AND is_whole AND failed) AS first_failed,
    count(*) FILTER (is_request AND is_whole AND attos IS NULL) AS first_unpriced_requests,
    count(*) FILTER (span_id IS NULL AND is_first AND attos IS NULL) AS unpriced_tasks,
    sum(part) FILTER (span_id IS NOT NULL) AS busy,
    sum(part) FILTER (span_id IS NULL) AS idle,
    sum(part) FILTER (failed) AS in_failed,
    min(memory_mib) AS least_memory,
    max(memory_mib) AS most_memory,
    CASE WHEN count(architecture) = count(*) AND min(architecture) = max(architecture) THEN min(architecture) END AS architecture
FROM parts
GROUP BY name, step
ORDER BY name NULLS LAST, step
