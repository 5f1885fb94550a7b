-- spending_minutes.sql: as spending.sql, of all invocations of whole minutes, by what cost_minutes knows.
WITH complete AS (
    SELECT DISTINCT service
    FROM cost_minutes
    WHERE reports > 0 AND minute >= make_timestamp_ns($from::BIGINT) AND minute < make_timestamp_ns($to::BIGINT)
),
named AS (
    SELECT *, (epoch_ns(minute) - $origin::BIGINT) // $step::BIGINT AS step, service IN (FROM complete) AS is_complete, /* name */
    FROM cost_minutes
    WHERE made_by = 'function' AND minute >= make_timestamp_ns($from::BIGINT) AND minute < make_timestamp_ns($to::BIGINT)
)
SELECT
    name, step,
    sum(invocations)::BIGINT AS invocations,
    sum(failed)::BIGINT AS failed,
    sum(cold)::BIGINT AS cold,
    sum(unpriced)::BIGINT AS unpriced,
    sum(invocations)::BIGINT AS first_invocations,
    sum(failed)::BIGINT AS first_failed,
    sum(cold)::BIGINT AS first_cold,
    sum(unpriced)::BIGINT AS first_unpriced,
    coalesce(sum(sampled) FILTER (NOT is_complete), 0)::BIGINT AS sampled,
    coalesce(sum(left_out) FILTER (NOT is_complete), 0) AS left_out,
    coalesce(sum(sampled) FILTER (NOT is_complete), 0)::BIGINT AS first_sampled,
    coalesce(sum(left_out) FILTER (NOT is_complete), 0) AS first_left_out,
    coalesce(sum(left_out_attos) FILTER (NOT is_complete), 0) AS left_out_attos,
    sum(unpriced_calls)::BIGINT AS unpriced_calls,
    sum(requests) AS requests,
    sum(own) AS own,
    sum(waiting) AS waiting,
    sum(init) AS init,
    sum(flush) AS flush,
    sum(storage) AS storage,
    sum(streamed) AS streamed,
    sum(restore) AS restore,
    sum(calls) AS calls,
    sum(in_failed) AS in_failed,
    sum(calls_in_failed) AS calls_in_failed,
    sum(reported) AS reported,
    min(memory_mb) FILTER (invocations > 0) AS least_memory,
    max(memory_mb) FILTER (invocations > 0) AS most_memory,
    CASE
        WHEN count(architecture) FILTER (invocations > 0) = count(*) FILTER (invocations > 0)
            AND min(architecture) FILTER (invocations > 0) = max(architecture) FILTER (invocations > 0)
        THEN min(architecture) FILTER (invocations > 0)
    END AS architecture,
    sum(on_arm64) AS on_arm64,
    sum(not_on_arm64)::BIGINT AS not_on_arm64
FROM named
GROUP BY name, step
ORDER BY name NULLS LAST, step
