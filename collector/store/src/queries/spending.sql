-- spending.sql: what invocations between $from and $to cost, by group and by step of $step ns. Sums are of whole 10^-18 USD.
WITH grouped AS (
    SELECT
        CASE $by
            WHEN 'service' THEN service
            WHEN 'function' THEN "function"
            WHEN 'route' THEN route
            WHEN 'version' THEN version
            WHEN 'memory' THEN memory_mb || ' MB'
            WHEN 'tenant' THEN tenant
            WHEN 'environment' THEN environment
        END AS name,
        (epoch_ns(started_at) - $from) // $step AS step,
        outcome <> 'ok' AS failed,
        *
    FROM invocation_parts
    WHERE started_at >= make_timestamp_ns($from) AND started_at < make_timestamp_ns($to)
)
SELECT
    name, step,
    count(*) AS invocations,
    count(*) FILTER (failed) AS failed,
    count(*) FILTER (cold_start) AS cold,
    count(*) FILTER (cost_attos IS NULL) AS unpriced,
    sum(request_attos) FILTER (cost_attos IS NOT NULL) AS requests,
    sum(own_attos) FILTER (cost_attos IS NOT NULL) AS own,
    sum(waiting_attos) FILTER (cost_attos IS NOT NULL) AS waiting,
    sum(init_attos) FILTER (cost_attos IS NOT NULL) AS init,
    sum(flush_attos) FILTER (cost_attos IS NOT NULL) AS flush,
    sum(restore_attos) FILTER (cost_attos IS NOT NULL) AS restore,
    sum(cost_attos) FILTER (failed) AS in_failed,
    sum(cost_attos) FILTER (cost_state = 'reported') AS reported,
    min(memory_mb) AS least_memory,
    max(memory_mb) AS most_memory,
    CASE WHEN count(architecture) = count(*) AND min(architecture) = max(architecture) THEN min(architecture) END AS architecture,
    sum(cost_attos - duration_attos + lambda_duration_attos(memory_mb, billed_ms, arm64_gb_second_attos)) AS on_arm64,
    count(*) FILTER (arm64_gb_second_attos IS NULL) AS not_on_arm64
FROM grouped
GROUP BY name, step
ORDER BY name NULLS LAST, step
