-- Tasks and pods, what they cost, and each request's share of it.
--
-- A task costs the same per second at rest and at work. At each instant the requests open then share its rate; an instant with none is
-- idle. So shares and idle sum to the task's cost, exactly: the sweep of `model::money::shares`, for all tasks at once.

-- Which resources are containers, and of which task or pod.
CREATE OR REPLACE VIEW container_resources AS
SELECT
    coalesce(task_arn, pod_uid, service_instance_id, container_id, 'resource ' || resource_id) AS task,
    * EXCLUDE (workload),
    -- A deployment's pods are called DEPLOYMENT-HASH-FIVE: a guess, where nobody said.
    coalesce(
        workload,
        nullif(regexp_extract(pod, '^(.+)-[bcdfghjklmnpqrstvwxz2456789]{6,10}-[bcdfghjklmnpqrstvwxz2456789]{5}$', 1), '')
    ) AS workload_or_guess,
    starts_with(attributes['k8s.node.name'], 'fargate-') AS on_fargate_node
FROM resource_rows
WHERE platform IN ('ecs', 'eks') OR (container_id IS NOT NULL AND platform <> 'lambda');

-- One row a task, with the life that is counted and what it is priced with. A life begins with the pull of the image where that was told
-- and is no more than an hour older than all we keep; else with the oldest we keep. More than 90 days are not counted.
CREATE OR REPLACE VIEW task_lives AS
WITH told AS (
    SELECT
        task,
        min(platform) AS platform,
        max(cluster) AS cluster,
        max(ecs_service) AS ecs_service,
        max(task_family) AS task_family,
        max(task_revision) AS task_revision,
        max(namespace) AS namespace,
        max(workload_or_guess) AS workload,
        max(pod) AS pod,
        min(service) AS service,
        max(service_version) AS service_version,
        max(environment) AS environment,
        list_sort(list_distinct(list(container_name) FILTER (container_name IS NOT NULL))) AS containers,
        max(image || coalesce(':' || image_tag, '')) AS image,
        CASE
            WHEN bool_or(on_fargate_node) THEN 'fargate'
            WHEN max(launch_type) IS NOT NULL THEN max(launch_type)
            WHEN min(platform) = 'eks' AND max(host_type) IS NOT NULL THEN 'ec2'
        END AS launch_type,
        coalesce(bool_or(on_fargate_node), false) AS on_fargate_node,
        coalesce(bool_or(task_spot), false) AS spot,
        max(task_vcpu) FILTER (task_vcpu > 0 AND task_vcpu <= 1000) AS vcpu,
        max(task_memory_mib) FILTER (task_memory_mib > 0 AND task_memory_mib <= 67108864) AS memory_mib,
        max(task_storage_gib) FILTER (task_storage_gib > 0 AND task_storage_gib <= 65536) AS storage_gib,
        max(architecture) AS architecture,
        max(cloud_region) AS region,
        max(cloud_account_id) AS account,
        max(cloud_availability_zone) AS zone,
        max(host_id) AS host_id,
        max(host_type) AS host_type,
        min(TRY_CAST(task_pull_started_at AS TIMESTAMP_NS)) FILTER (
            TRY_CAST(task_pull_started_at AS TIMESTAMP_NS) BETWEEN '2000-01-01'::TIMESTAMP_NS AND '2200-01-01'::TIMESTAMP_NS
        ) AS pulled_at,
        min(signs.first_ns) AS first_ns,
        max(signs.last_ns) AS last_ns
    FROM container_resources
    JOIN resource_signs AS signs USING (resource_id)
    GROUP BY task
),
lived AS (
    SELECT
        *,
        greatest(
            CASE
                WHEN pulled_at IS NULL OR epoch_ns(pulled_at) > first_ns THEN first_ns
                WHEN epoch_ns(pulled_at) >= oldest.kept_ns - 3600000000000 THEN epoch_ns(pulled_at)
                ELSE least(oldest.kept_ns, first_ns)
            END,
            last_ns - 7776000000000000
        ) AS life_from,
        last_ns AS life_to,
        (vcpu::DECIMAL(18, 10) * 128000)::BIGINT AS vcpu_parts,
        memory_mib * 125 AS gb_parts
    FROM told
    CROSS JOIN (SELECT coalesce(epoch_ns(min(started_at)), 0) AS kept_ns FROM span_rows) AS oldest
),
priced_by AS (
    SELECT
        lived.*,
        launch_type IS NOT DISTINCT FROM 'fargate' AND NOT spot AND NOT on_fargate_node AS by_size,
        launch_type IS NOT DISTINCT FROM 'ec2' AS by_share,
        fargate.vcpu_hour_attos, fargate.gb_hour_attos, fargate.ephemeral_gb_hour_attos,
        instance.price_attos AS instance_hour_attos,
        -- What a vCPU weighs when a GB weighs 1: the ratio of Fargate's own prices. In 128,000ths, as vcpu_parts and gb_parts are.
        9 * vcpu_parts + gb_parts AS weight,
        9 * (instance.price_vcpu_e10 // 1000 * 128 // 10000) + instance.price_memory_mib * 125 AS instance_weight
    FROM lived
    LEFT JOIN fargate_prices AS fargate
      ON fargate.price_region = lived.region AND fargate.price_architecture = coalesce(lived.architecture, 'x86_64')
     AND fargate.price_from <= make_timestamp_ns(life_from)::DATE AND fargate.price_to > make_timestamp_ns(life_from)::DATE
    LEFT JOIN price_periods AS instance
      ON instance.price_service = 'ec2' AND instance.price_tier = 1 AND instance.price_item = lived.host_type
     AND instance.price_region = lived.region
     AND instance.price_from <= make_timestamp_ns(life_from)::DATE AND instance.price_to > make_timestamp_ns(life_from)::DATE
)
SELECT
    * EXCLUDE (vcpu_hour_attos, gb_hour_attos, ephemeral_gb_hour_attos, instance_hour_attos, by_size, by_share),
    CASE WHEN by_size THEN vcpu_hour_attos END AS vcpu_hour_attos,
    CASE WHEN by_size THEN gb_hour_attos END AS gb_hour_attos,
    CASE WHEN by_size THEN ephemeral_gb_hour_attos END AS ephemeral_gb_hour_attos,
    CASE WHEN by_share THEN instance_hour_attos END AS instance_hour_attos,
    -- What an hour costs, part by part, in per_hour / share_of x 10^-18 USD.
    CASE WHEN by_size THEN vcpu_parts::HUGEINT * vcpu_hour_attos END AS vcpu_per_hour,
    CASE WHEN by_size THEN gb_parts::HUGEINT * gb_hour_attos END AS memory_per_hour,
    CASE
        WHEN NOT by_size OR coalesce(storage_gib, 20) <= 20 THEN 0
        ELSE (ceil(storage_gib)::BIGINT - 20)::HUGEINT * 128000 * ephemeral_gb_hour_attos
    END AS storage_per_hour,
    CASE WHEN by_share THEN least(weight, instance_weight)::HUGEINT * instance_hour_attos END AS instance_per_hour,
    by_size, by_share,
    -- An hour in ns, times what the parts above are parts of.
    3600000000000::HUGEINT * CASE WHEN by_share THEN instance_weight ELSE 128000 END AS share_of,
    -- Fargate bills whole seconds and a minute at least.
    CASE
        WHEN by_size THEN greatest((life_to - life_from + 999999999) // 1000000000, 60) * 1000000000
        ELSE life_to - life_from
    END AS billed_ns,
    CASE
        WHEN launch_type = 'external' THEN 'it runs on machines of one''s own'
        WHEN region IS NULL THEN 'its region was not said'
        WHEN on_fargate_node THEN 'Fargate rounds a pod''s size up, and to what was not said'
        WHEN launch_type = 'fargate' AND spot THEN 'Fargate Spot has no list price'
        WHEN launch_type IS NULL OR (launch_type = 'ec2' AND host_type IS NULL) THEN 'its launch type or instance type was not said'
        WHEN vcpu IS NULL OR memory_mib IS NULL THEN 'its size was not said'
        WHEN by_share AND instance_hour_attos IS NULL THEN 'no price of ' || host_type || ' in ' || region || ' is known'
        WHEN by_share AND coalesce(instance_weight, 0) = 0 THEN 'the size of ' || host_type || ' is not known'
        WHEN NOT by_share AND NOT by_size THEN 'nothing is known of the price of ' || launch_type
        WHEN by_size AND (vcpu_hour_attos IS NULL OR gb_hour_attos IS NULL) THEN 'no price of Fargate in ' || region || ' is known'
        WHEN by_size AND storage_gib > 20 AND ephemeral_gb_hour_attos IS NULL THEN 'no price of task storage in ' || region || ' is known'
    END AS unpriced_because,
    -- estimated: from what the task itself said; inferred: its start or its processor is our guess.
    CASE WHEN architecture IS NOT NULL AND (instance_hour_attos IS NOT NULL OR life_from = epoch_ns(pulled_at)) THEN 'estimated' ELSE 'inferred' END AS cost_state
FROM priced_by;

-- per_hour / share_of x ns, rounded half up, without a product beyond 128 bits.
CREATE OR REPLACE MACRO rated(per_hour, share_of, ns) AS
    (per_hour // share_of) * ns + ((per_hour % share_of) * ns + share_of // 2) // share_of;

-- What a task cost in the first so many ns of what is billed of it.
CREATE OR REPLACE MACRO task_cost_until(life, ns) AS
    CASE
        WHEN life.unpriced_because IS NOT NULL THEN NULL
        WHEN life.by_share THEN rated(life.instance_per_hour, life.share_of, ns)
        ELSE rated(life.vcpu_per_hour, life.share_of, ns) + rated(life.memory_per_hour, life.share_of, ns)
            + rated(life.storage_per_hour, life.share_of, ns)
    END;

-- What tasks cost from asked_from to asked_to (ns), a row each task and step of asked_step, counted from asked_origin, which is not later than
-- asked_from. What is billed beyond a life (whole seconds, a minute) belongs to its last step. The rows of a task sum to what it cost.
CREATE OR REPLACE MACRO task_steps(asked_from, asked_to, asked_step, asked_origin) AS TABLE
SELECT
    *,
    -- Numbers, for names of tasks are long, and a million requests are sorted by them.
    row_number() OVER () AS step_no,
    task_cost_until(life, part_to - life_from + billed_beyond) - task_cost_until(life, part_from - life_from) AS cost,
    part_to - part_from + billed_beyond AS billed
FROM (
    SELECT
        *,
        CASE WHEN life_to <= part_to THEN life.billed_ns - (life_to - life_from) ELSE 0 END AS billed_beyond
    FROM (
        SELECT
            *,
            greatest(life_from, asked_from, asked_origin + step * asked_step) AS part_from,
            least(
                life_to, asked_to, asked_origin + step * asked_step + least(asked_step, asked_to - asked_origin - step * asked_step)
            ) AS part_to
        FROM (
            SELECT
                *,
                unnest(range(
                    (greatest(life_from, asked_from) - asked_origin) // asked_step,
                    greatest(
                        (least(life_to, asked_to) - asked_origin - 1) // asked_step,
                        (greatest(life_from, asked_from) - asked_origin) // asked_step
                    ) + 1
                )) AS step
            FROM (
                SELECT life, life.task AS task, life.life_from AS life_from, life.life_to AS life_to
                FROM task_lives AS life
                WHERE life.life_from < asked_to
                  AND (life.life_to > asked_from OR (life.life_to = life.life_from AND life.life_to >= asked_from))
            )
        )
    )
);

-- The same with what requests had of it: a row each request and step with its share, and a row each task and step, without a request,
-- with what was idle. Shares are rounded down and idle has the rest, so that the rows of a task sum to what it cost.
CREATE OR REPLACE MACRO container_shares(asked_from, asked_to, asked_step, asked_origin) AS TABLE
WITH steps AS MATERIALIZED (
    FROM task_steps(asked_from, asked_to, asked_step, asked_origin)
),
-- Requests: what came into a task from outside of it.
entries AS (
    SELECT
        container.task AS task, span.trace_id, span.span_id, span.trace_state, span.started_at, span.duration_ns, span.service, span.name,
        span.http_method, span.http_route, span.http_status, span.url_path, span.error, span.fault, span.throttle, span.tenant
    FROM span_rows AS span
    JOIN container_resources AS container USING (resource_id)
    ANTI JOIN (
        SELECT parent.trace_id, parent.span_id, task
        FROM span_rows AS parent
        JOIN container_resources USING (resource_id)
        WHERE parent.started_at >= make_timestamp_ns(asked_from - 3600000000000) AND parent.started_at < make_timestamp_ns(asked_to)
    ) AS within
      ON within.trace_id = span.trace_id AND within.span_id = span.parent_span_id AND within.task = container.task
    WHERE span.kind IN ('server', 'consumer')
      AND span.started_at < make_timestamp_ns(asked_to)
      AND (span.started_at >= make_timestamp_ns(asked_from) OR epoch_ns(span.started_at) + span.duration_ns > asked_from)
),
clipped AS MATERIALIZED (
    SELECT
        row_number() OVER () AS request_no, steps.step_no, steps.task, steps.step, entries.* EXCLUDE (task),
        -- A request counts in the step in which it began.
        epoch_ns(entries.started_at) >= asked_from
            AND (epoch_ns(entries.started_at) >= steps.part_from OR steps.part_from = steps.life_from) AS begins,
        least(greatest(epoch_ns(entries.started_at), steps.part_from), steps.part_to) AS opens,
        least(greatest(epoch_ns(entries.started_at) + entries.duration_ns, steps.part_from), steps.part_to) AS closes
    FROM entries
    JOIN steps
      ON steps.task = entries.task
     AND (epoch_ns(entries.started_at) < steps.part_to OR steps.life_to <= steps.part_to)
     AND (epoch_ns(entries.started_at) + entries.duration_ns > steps.part_from
          OR epoch_ns(entries.started_at) >= steps.part_from OR steps.part_from = greatest(steps.life_from, asked_from))
),
-- Each request opens and closes; of those at one instant, any order does, for nothing lasts between them.
events AS (
    SELECT step_no, opens AS instant, 2 * request_no AS event_no, 1 AS change FROM clipped
    UNION ALL
    SELECT step_no, closes, 2 * request_no + 1, -1 FROM clipped
),
pieces AS (
    SELECT
        step_no, instant, event_no,
        sum(change) OVER in_order AS open,
        lead(instant) OVER in_order - instant AS length
    FROM events
    WINDOW in_order AS (PARTITION BY step_no ORDER BY instant, event_no)
),
-- What a request open from the beginning would have to itself by now, in 720,720ths of a ns: up to 16 at once divide it without a rest.
elapsed AS (
    SELECT
        event_no,
        coalesce(sum(
            CASE
                WHEN open <= 0 OR length = 0 THEN 0
                -- Up to three hours in 64 bits, which are divided much faster.
                WHEN length < 12000000000000 THEN length * 720720 // open::BIGINT
                ELSE length::HUGEINT * 720720 // open::HUGEINT
            END::HUGEINT
        ) OVER (
            PARTITION BY step_no ORDER BY instant, event_no ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0)::HUGEINT AS each
    FROM pieces
),
busied AS (
    SELECT event_no // 2 AS request_no, sum(CASE WHEN event_no % 2 = 1 THEN each ELSE -each END)::HUGEINT AS busy
    FROM elapsed
    GROUP BY request_no
),
shared AS (
    SELECT
        clipped.*,
        busy,
        -- cost x busy / (billed x 720,720), taken apart so that nothing exceeds 128 bits.
        CASE
            WHEN steps.billed = 0 THEN CASE WHEN steps.cost IS NOT NULL THEN 0 END
            ELSE (busy * (steps.cost // steps.billed) + busy * (steps.cost % steps.billed) // steps.billed) // 720720
        END AS attos
    FROM clipped
    JOIN busied USING (request_no)
    JOIN steps ON steps.step_no = clipped.step_no
)
SELECT
    task, step, begins AS is_request, attos, busy // 720720 AS busy_ns, trace_id, span_id, started_at, duration_ns, service, name,
    http_method, http_route, http_status, url_path, error, fault, throttle, tenant, trace_state
FROM shared
UNION ALL
SELECT
    steps.task, steps.step, NULL, any_value(steps.cost) - coalesce(sum(shared.attos), 0)::HUGEINT,
    any_value(steps.billed) - coalesce(sum(shared.busy // 720720), 0)::HUGEINT,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM steps
LEFT JOIN shared ON shared.step_no = steps.step_no
GROUP BY steps.task, steps.step;

-- One row a task or pod that was seen from asked_from to asked_to (ns), with what it cost in that time.
CREATE OR REPLACE MACRO tasks_between(asked_from, asked_to) AS TABLE
SELECT
    life.task,
    platform,
    cluster,
    ecs_service,
    task_family,
    task_revision,
    namespace,
    workload,
    pod,
    service,
    service_version,
    environment,
    containers,
    image,
    launch_type,
    spot,
    vcpu,
    memory_mib,
    storage_gib,
    architecture,
    region,
    account,
    zone,
    host_type,
    pulled_at,
    make_timestamp_ns(life_from) AS first_seen,
    make_timestamp_ns(life_to) AS last_seen,
    shares.all_ns / 1e9 AS billed_s,
    shares.requests,
    shares.failed,
    CASE WHEN shares.all_ns > 0 THEN shares.busy_ns / shares.all_ns END AS busy_share,
    CASE WHEN shares.all_ns > 0 THEN 1 - shares.busy_ns / shares.all_ns END AS idle_share,
    usd_of(shares.attos) AS cost_usd,
    usd_of(shares.busy_attos) AS busy_cost_usd,
    usd_of(shares.idle_attos) AS idle_cost_usd,
    cost_state,
    unpriced_because
FROM task_lives AS life
JOIN (
    SELECT
        task,
        count(*) FILTER (is_request)::BIGINT AS requests,
        count(*) FILTER (is_request AND (error OR fault OR throttle))::BIGINT AS failed,
        sum(busy_ns) FILTER (span_id IS NOT NULL)::DOUBLE AS busy_ns,
        sum(busy_ns)::DOUBLE AS all_ns,
        sum(attos) AS attos,
        CASE WHEN count(attos) = count(*) THEN coalesce(sum(attos) FILTER (span_id IS NOT NULL), 0) END AS busy_attos,
        sum(attos) FILTER (span_id IS NULL) AS idle_attos
    FROM container_shares(asked_from, asked_to, asked_to - asked_from, asked_from)
    GROUP BY task
) AS shares ON shares.task = life.task;

-- One row a request that a container served from asked_from to asked_to (ns), with its share of what the task cost in that time.
CREATE OR REPLACE MACRO requests_between(asked_from, asked_to) AS TABLE
SELECT
    shared.task,
    cluster,
    ecs_service,
    task_family,
    task_revision,
    namespace,
    workload,
    pod,
    shared.service,
    environment,
    region,
    trace_id,
    span_id,
    started_at,
    duration_ns / 1e6 AS duration_ms,
    name,
    http_method,
    http_route,
    http_status,
    url_path,
    error,
    fault,
    throttle,
    tenant,
    busy_ns / 1e6 AS busy_ms,
    usd_of(attos) AS cost_usd,
    usd_of(loaded - lag(loaded, 1, 0) OVER (PARTITION BY shared.task ORDER BY started_at, span_id)) AS loaded_cost_usd,
    cost_state
FROM (
    SELECT
        *,
        CASE
            WHEN all_busy > 0
            THEN until_here * (task_attos // all_busy) + (until_here * (task_attos % all_busy) + all_busy // 2) // all_busy
        END AS loaded
    FROM (
        SELECT
            *,
            sum(attos) OVER (PARTITION BY task) AS task_attos,
            sum(busy_ns) FILTER (span_id IS NOT NULL) OVER (PARTITION BY task) AS all_busy,
            sum(busy_ns) FILTER (span_id IS NOT NULL) OVER (
                PARTITION BY task ORDER BY started_at, span_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS until_here
        FROM container_shares(asked_from, asked_to, asked_to - asked_from, asked_from)
    )
    WHERE span_id IS NOT NULL
) AS shared
JOIN task_lives AS life ON life.task = shared.task;

-- All there are. What is open at each instant is counted for every request kept, so that a million take seconds; the two below look back
-- only as far as is asked.
CREATE OR REPLACE VIEW tasks AS
FROM tasks_between(0, 9000000000000000000);
CREATE OR REPLACE VIEW requests AS
FROM requests_between(0, 9000000000000000000);

CREATE OR REPLACE MACRO tasks_since(since := '1 day') AS TABLE
FROM tasks_between(
    epoch_ns(getvariable('coldlight_now')::TIMESTAMP_NS - since::INTERVAL), epoch_ns(getvariable('coldlight_now')::TIMESTAMP_NS)
);
CREATE OR REPLACE MACRO requests_since(since := '1 day') AS TABLE
FROM requests_between(
    epoch_ns(getvariable('coldlight_now')::TIMESTAMP_NS - since::INTERVAL), epoch_ns(getvariable('coldlight_now')::TIMESTAMP_NS)
);
