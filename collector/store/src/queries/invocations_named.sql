-- invocations_named.sql: some invocations with all that is told of them, first started first.
SELECT
    *, epoch_ns(started_at) AS started_ns,
    requests_cost_usd::VARCHAR AS requests_usd, duration_cost_usd::VARCHAR AS duration_usd, init_cost_usd::VARCHAR AS init_usd,
    ephemeral_storage_cost_usd::VARCHAR AS storage_usd, streamed_response_cost_usd::VARCHAR AS streamed_usd,
    snapstart_restore_cost_usd::VARCHAR AS restore_usd, cost_usd::VARCHAR AS usd
FROM invocations
WHERE /* which */
ORDER BY started_at, request_id
LIMIT ?
