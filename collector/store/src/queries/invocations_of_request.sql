-- invocations_of_request.sql: the attempts of one request id, first started first.
SELECT
    *, 0::BIGINT AS "value", epoch_ns(started_at) AS started_ns,
    requests_cost_usd::VARCHAR AS requests_usd, duration_cost_usd::VARCHAR AS duration_usd, init_cost_usd::VARCHAR AS init_usd,
    ephemeral_storage_cost_usd::VARCHAR AS storage_usd, streamed_response_cost_usd::VARCHAR AS streamed_usd,
    snapstart_restore_cost_usd::VARCHAR AS restore_usd, cost_usd::VARCHAR AS usd
FROM invocations
WHERE request_id = ?
ORDER BY started_at
LIMIT ?
