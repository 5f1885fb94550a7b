-- function_course.sql: matching invocations in slices of ? ns from ? ns, by twentieths of their memory, and all together: a row each.
-- `what` is slice, memory or all; `slot` the number of the slice or of the twentieth. Money is whole 10^-18 USD.
WITH matching AS (
    SELECT
        *,
        'slice' AS slice, (epoch_ns(started_at) - ?) // ? AS slice_at,
        'memory' AS fill, CASE WHEN memory_mb > 0 AND max_memory_mb >= 0 THEN least(max_memory_mb * 20 // memory_mb, 20) END AS fill_at,
        -- Of what a caller waited for: the init or restore, and then the function.
        CASE
            WHEN start_kind IN ('felt', 'restored', 'cold') AND coalesce(init_ns, restore_ns) > 0 AND duration_ns > 0
            THEN coalesce(init_ns, restore_ns) * 1000 // (coalesce(init_ns, restore_ns) + duration_ns)
        END AS init_share,
        cost_attos - duration_attos + lambda_duration_attos(memory_mb, billed_ms, arm64_gb_second_attos) AS arm64_attos
    FROM (
        SELECT
            *, faas_trigger AS "trigger", duration_ns / 1e6 AS duration_ms, init_ns / 1e6 AS init_ms,
            suppressed_init_ns / 1e6 AS suppressed_init_ms, restore_ns / 1e6 AS restore_ms, usd_of(cost_attos) AS cost_usd
        FROM invocation_parts
    )
    WHERE TRUE /* conditions */
)
SELECT
    coalesce(slice, fill, 'all') AS what,
    coalesce(slice_at, fill_at, 0)::BIGINT AS slot,
    count(*) AS invocations,
    sum(duration_ns)::BIGINT AS busy_ns,
    count(DISTINCT instance) AS environments,
    sum(cost_attos) AS total,
    sum(waiting_attos) FILTER (cost_attos IS NOT NULL) AS waiting,
    quantile_disc(init_share, 0.5)::BIGINT AS init_share,
    count(arm64_attos) AS on_x86,
    sum(cost_attos) FILTER (arm64_attos IS NOT NULL) AS paid_on_x86,
    sum(arm64_attos) AS on_arm64
FROM matching
GROUP BY GROUPING SETS ((slice, slice_at), (fill, fill_at), ())
HAVING slice_at IS NOT NULL OR fill_at IS NOT NULL OR (slice IS NULL AND fill IS NULL)
ORDER BY what, slot
