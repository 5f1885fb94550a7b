-- live_invocations.sql: matching invocations among the spoken of that have ended, newest end first.
SELECT
    *, epoch_ns(started_at) AS started_ns,
    requests_cost_usd::VARCHAR AS requests_usd, duration_cost_usd::VARCHAR AS duration_usd, init_cost_usd::VARCHAR AS init_usd,
    ephemeral_storage_cost_usd::VARCHAR AS storage_usd, streamed_response_cost_usd::VARCHAR AS streamed_usd,
    snapstart_restore_cost_usd::VARCHAR AS restore_usd, cost_usd::VARCHAR AS usd
FROM invocations
WHERE request_id IN (SELECT request_id FROM spoken) AND duration_ms IS NOT NULL /* conditions */
ORDER BY epoch_ns(started_at) + (duration_ms * 1e6)::BIGINT DESC, request_id
LIMIT ?
