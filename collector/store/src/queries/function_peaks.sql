-- function_peaks.sql: how many matching invocations ran at a time at most, in slices of ? ns from ? ns, and how many still at its end.
-- An invocation ends before another that begins in the same nanosecond.
SELECT slot, max(running)::BIGINT AS peak, arg_max(running, number)::BIGINT AS at_end
FROM (
    SELECT
        (at_ns - ?) // ? AS slot,
        row_number() OVER in_order AS number,
        sum(change) OVER in_order AS running
    FROM (
        SELECT
            unnest([started_ns, ended_ns]) AS at_ns,
            unnest([1, -1]) AS change
        FROM (
            SELECT epoch_ns(started_at) AS started_ns, epoch_ns(started_at) + greatest((duration_ms * 1e6)::BIGINT, 1) AS ended_ns
            FROM invocations
            WHERE duration_ms IS NOT NULL /* conditions */
        )
    )
    WINDOW in_order AS (ORDER BY at_ns, change ROWS UNBOUNDED PRECEDING)
)
GROUP BY slot
ORDER BY slot
