-- spending_minutes_calls.sql: as spending_calls.sql, of all calls of whole minutes that no invocation made, by what cost_minutes knows.
SELECT
    name, step,
    sum(unpriced_calls)::BIGINT AS unpriced_calls,
    sum(calls) AS calls,
    sum(calls_in_failed) AS calls_in_failed,
    NULL::BIGINT AS least_memory, NULL::BIGINT AS most_memory, NULL::VARCHAR AS architecture
FROM (
    SELECT *, (epoch_ns(minute) - $origin::BIGINT) // $step::BIGINT AS step, /* name */
    FROM cost_minutes
    WHERE made_by <> 'function' AND minute >= make_timestamp_ns($from::BIGINT) AND minute < make_timestamp_ns($to::BIGINT)
)
GROUP BY name, step
ORDER BY name NULLS LAST, step
