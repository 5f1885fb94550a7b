-- spending.sql: what matching invocations cost, with the metered calls they made, by group and by step of $step ns from $origin. Sums are of
-- whole 10^-18 USD. An invocation that several groups share counts in each of them, and as first in one: sums of the first are of all.
WITH matching AS (
    SELECT *
    FROM (
        SELECT
            *, faas_trigger AS "trigger", duration_ns / 1e6 AS duration_ms, init_ns / 1e6 AS init_ms,
            suppressed_init_ns / 1e6 AS suppressed_init_ms, restore_ns / 1e6 AS restore_ms, usd_of(cost_attos) AS cost_usd
        FROM invocation_parts
    )
    WHERE TRUE /* conditions */
),
-- Services of which the platform reports are complete, whatever was sampled.
reporting AS (
    SELECT DISTINCT service
    FROM invocation_rows
    WHERE cost_state = 'reported' AND started_at >= make_timestamp_ns($from::BIGINT) AND started_at < make_timestamp_ns($to::BIGINT)
),
called AS (
    /* calls */
),
named AS (
    SELECT
        (epoch_ns(started_at) - $origin::BIGINT) // $step::BIGINT AS step,
        outcome <> 'ok' AS failed, cold_start, cost_state, cost_attos IS NULL AS unpriced, matching.memory_mb, architecture,
        arm64_gb_second_attos, cost_attos - duration_attos + lambda_duration_attos(memory_mb, billed_ms, arm64_gb_second_attos) AS arm64_attos,
        CASE WHEN cost_attos IS NOT NULL THEN request_attos END AS request_attos, own_attos, waiting_attos, init_attos, flush_attos,
        storage_attos, streamed_attos, restore_attos, calls_attos, unpriced_calls,
        -- In millionths, how many it stands for besides itself.
        CASE WHEN stands_for > 1000000 AND service NOT IN (FROM reporting) THEN stands_for - 1000000 ELSE 0 END AS left_out,
        /* name */
    FROM matching
    LEFT JOIN called ON called.request_id = matching.request_id AND called.invoked_at = matching.started_at
    /* joins */
),
parts AS (
    SELECT
        name, step, failed, cold_start, cost_state, unpriced, memory_mb, architecture, arm64_gb_second_attos, below = 0 AS is_first,
        unpriced_calls, left_out,
        CASE WHEN NOT unpriced THEN part_of_attos(request_attos, below, upto, shares) END AS requests,
        CASE WHEN NOT unpriced THEN part_of_attos(own_attos, below, upto, shares) END AS own,
        CASE WHEN NOT unpriced THEN part_of_attos(waiting_attos, below, upto, shares) END AS waiting,
        CASE WHEN NOT unpriced THEN part_of_attos(init_attos, below, upto, shares) END AS init,
        CASE WHEN NOT unpriced THEN part_of_attos(flush_attos, below, upto, shares) END AS flush,
        CASE WHEN NOT unpriced THEN part_of_attos(storage_attos, below, upto, shares) END AS storage,
        CASE WHEN NOT unpriced THEN part_of_attos(streamed_attos, below, upto, shares) END AS streamed,
        CASE WHEN NOT unpriced THEN part_of_attos(restore_attos, below, upto, shares) END AS restore,
        part_of_attos(calls_attos, below, upto, shares) AS calls,
        part_of_attos(arm64_attos, below, upto, shares) AS on_arm64
    FROM named
)
SELECT
    name, step,
    count(*) AS invocations,
    count(*) FILTER (failed) AS failed,
    count(*) FILTER (cold_start) AS cold,
    count(*) FILTER (unpriced) AS unpriced,
    count(*) FILTER (is_first) AS first_invocations,
    count(*) FILTER (is_first AND failed) AS first_failed,
    count(*) FILTER (is_first AND cold_start) AS first_cold,
    count(*) FILTER (is_first AND unpriced) AS first_unpriced,
    count(*) FILTER (left_out > 0) AS sampled,
    sum(left_out)::HUGEINT AS left_out,
    count(*) FILTER (is_first AND left_out > 0) AS first_sampled,
    sum(left_out) FILTER (is_first)::HUGEINT AS first_left_out,
    sum((coalesce(requests + own + waiting + init + flush + storage + streamed + restore, 0) + coalesce(calls, 0))::HUGEINT * left_out // 1000000)
        FILTER (left_out > 0) AS left_out_attos,
    sum(unpriced_calls) FILTER (is_first) AS unpriced_calls,
    sum(requests) AS requests,
    sum(own) AS own,
    sum(waiting) AS waiting,
    sum(init) AS init,
    sum(flush) AS flush,
    sum(storage) AS storage,
    sum(streamed) AS streamed,
    sum(restore) AS restore,
    sum(calls) AS calls,
    sum(requests + own + waiting + init + flush + storage + streamed + restore) FILTER (failed) AS in_failed,
    sum(calls) FILTER (failed) AS calls_in_failed,
    sum(requests + own + waiting + init + flush + storage + streamed + restore) FILTER (cost_state = 'reported') AS reported,
    min(memory_mb) AS least_memory,
    max(memory_mb) AS most_memory,
    CASE WHEN count(architecture) = count(*) AND min(architecture) = max(architecture) THEN min(architecture) END AS architecture,
    sum(on_arm64) AS on_arm64,
    count(*) FILTER (arm64_gb_second_attos IS NULL) AS not_on_arm64
FROM parts
GROUP BY name, step
ORDER BY name NULLS LAST, step
