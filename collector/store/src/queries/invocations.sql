-- invocations.sql: one page of matching invocations by a value that falls; those without the value come last.
WITH matching AS (
    SELECT *, CASE ?
        WHEN 'newest' THEN epoch_ns(started_at)
        WHEN 'oldest' THEN -epoch_ns(started_at)
        WHEN 'slowest' THEN coalesce((duration_ms * 1e6)::BIGINT, -1)
        WHEN 'coldest' THEN coalesce((coalesce(init_ms, suppressed_init_ms, restore_ms) * 1e6)::BIGINT, -1)
        -- 10^-18 USD; from 9 USD on an invocation would have run for days.
        WHEN 'dearest' THEN coalesce(TRY_CAST(attos_of(cost_usd) AS BIGINT), -1)
    END AS "value"
    FROM invocations
    WHERE TRUE /* conditions */
)
SELECT
    *, epoch_ns(started_at) AS started_ns,
    requests_cost_usd::VARCHAR AS requests_usd, duration_cost_usd::VARCHAR AS duration_usd, init_cost_usd::VARCHAR AS init_usd,
    ephemeral_storage_cost_usd::VARCHAR AS storage_usd, streamed_response_cost_usd::VARCHAR AS streamed_usd,
    snapstart_restore_cost_usd::VARCHAR AS restore_usd, cost_usd::VARCHAR AS usd
FROM matching
WHERE ("value", epoch_ns(started_at), request_id) < (?, ?, ?)
ORDER BY "value" DESC, started_at DESC, request_id DESC
LIMIT ?
