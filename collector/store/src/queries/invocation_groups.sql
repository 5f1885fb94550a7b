-- invocation_groups.sql: how matching invocations did and what they cost, by one of their properties, most first.
-- Quantiles are of whole invocations; money is an exact sum of those that have a price.
WITH matching AS (
    SELECT
        *,
        coalesce(init_ms, suppressed_init_ms, restore_ms) AS wait_ms,
        -- What the platform reports of a service is complete, whatever was sampled.
        stands_for > 1 AND service NOT IN (SELECT DISTINCT service FROM invocation_rows WHERE cost_state = 'reported') AS is_sampled,
        CASE ?
            WHEN 'all' THEN ''
            WHEN 'function' THEN coalesce("function", service)
            WHEN 'version' THEN version
            WHEN 'runtime' THEN runtime
            WHEN 'memory' THEN memory_mb::VARCHAR
            WHEN 'trigger' THEN "trigger"
            WHEN 'slice' THEN ((epoch_ns(started_at) - ?) // ?)::VARCHAR
        END AS name
    FROM invocations
    WHERE TRUE /* conditions */
)
SELECT
    name,
    count(*) AS invocations,
    count(*) FILTER (outcome = 'error') AS errors,
    count(*) FILTER (outcome = 'timeout') AS timeouts,
    count(*) FILTER (outcome = 'oom') AS out_of_memory,
    count(*) FILTER (start_kind = 'warm') AS warm,
    count(*) FILTER (start_kind = 'felt') AS felt,
    count(*) FILTER (start_kind = 'proactive') AS proactive,
    count(*) FILTER (start_kind = 'suppressed') AS suppressed,
    count(*) FILTER (start_kind = 'provisioned') AS provisioned,
    count(*) FILTER (start_kind = 'restored') AS restored,
    count(*) FILTER (start_kind = 'managed') AS managed,
    count(*) FILTER (start_kind = 'cold') AS cold,
    count(*) FILTER (start_kind IS NULL) AS start_unknown,
    quantile_disc(duration_ms, [0.5, 0.95, 0.99]) AS duration,
    quantile_disc(duration_ms, [0.5, 0.95, 0.99]) FILTER (NOT cold_start) AS warm_duration,
    quantile_disc(duration_ms, [0.5, 0.95, 0.99]) FILTER (cold_start) AS cold_duration,
    quantile_disc(wait_ms, [0.5, 0.95, 0.99]) AS init,
    min(memory_mb) AS least_memory_mb,
    max(memory_mb) AS most_memory_mb,
    max(max_memory_mb) AS max_memory_mb,
    coalesce(sum(cost_usd), 0)::DECIMAL(38, 18)::VARCHAR AS total_usd,
    coalesce(sum(cost_usd) FILTER (cost_state = 'reported'), 0)::DECIMAL(38, 18)::VARCHAR AS reported_usd,
    coalesce(sum(cost_usd) FILTER (cost_state = 'estimated'), 0)::DECIMAL(38, 18)::VARCHAR AS estimated_usd,
    coalesce(sum(requests_cost_usd) FILTER (cost_usd IS NOT NULL), 0)::DECIMAL(38, 18)::VARCHAR AS requests_usd,
    coalesce(sum(duration_cost_usd) FILTER (cost_usd IS NOT NULL), 0)::DECIMAL(38, 18)::VARCHAR AS duration_usd,
    coalesce(sum(ephemeral_storage_cost_usd) FILTER (cost_usd IS NOT NULL), 0)::DECIMAL(38, 18)::VARCHAR AS storage_usd,
    coalesce(sum(streamed_response_cost_usd) FILTER (cost_usd IS NOT NULL), 0)::DECIMAL(38, 18)::VARCHAR AS streamed_usd,
    coalesce(sum(snapstart_restore_cost_usd) FILTER (cost_usd IS NOT NULL), 0)::DECIMAL(38, 18)::VARCHAR AS restore_usd,
    coalesce(sum(init_cost_usd) FILTER (cost_usd IS NOT NULL), 0)::DECIMAL(38, 18)::VARCHAR AS init_usd,
    coalesce(sum(cost_usd) FILTER (outcome <> 'ok'), 0)::DECIMAL(38, 18)::VARCHAR AS failed_usd,
    count(*) FILTER (cost_usd IS NULL) AS unpriced,
    count(*) FILTER (is_sampled) AS sampled,
    coalesce(round(sum(stands_for - 1) FILTER (is_sampled)), 0)::BIGINT AS left_out
FROM matching
GROUP BY name
ORDER BY invocations DESC, name
LIMIT ?
