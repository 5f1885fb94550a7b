-- function_calls.sql: what matching invocations called, by node: the service of ours that answered, else what the span names.
-- Of the spans in their traces those are looked at that began from ? ns until ? ns. traced_ns is how long the invocations ran.
WITH matching AS MATERIALIZED (
    SELECT trace_id, service, duration_ms FROM invocations WHERE trace_id IS NOT NULL /* conditions */
),
calls AS MATERIALIZED (
    SELECT trace_id, span_id, parent_span_id, service, remote_kind, remote_name, duration_ns, fault, throttle
    FROM span_rows
    SEMI JOIN matching ON matching.trace_id = span_rows.trace_id AND matching.service = span_rows.service
    WHERE kind IN ('client', 'producer') AND started_at >= make_timestamp_ns(?) AND started_at < make_timestamp_ns(?)
),
answers AS (
    SELECT trace_id, parent_span_id, any_value(platform) AS platform, any_value(service) AS service
    FROM span_rows
    SEMI JOIN calls ON calls.trace_id = span_rows.trace_id AND calls.span_id = span_rows.parent_span_id
    WHERE kind IN ('server', 'consumer') AND started_at >= make_timestamp_ns(?) AND started_at < make_timestamp_ns(?)
    GROUP BY trace_id, parent_span_id
)
SELECT
    coalesce(answer.platform, call.remote_kind) AS called_kind,
    coalesce(answer.service, call.remote_name) AS called,
    count(*) AS calls,
    count(*) FILTER (call.fault) AS faults,
    count(*) FILTER (call.throttle) AS throttles,
    sum(call.duration_ns)::BIGINT AS took_ns,
    any_value(traced.traced_ns) AS traced_ns
FROM calls AS call
CROSS JOIN (SELECT sum(duration_ms * 1e6)::BIGINT AS traced_ns FROM matching) AS traced
LEFT JOIN answers AS answer ON answer.trace_id = call.trace_id AND answer.parent_span_id = call.span_id
WHERE coalesce(answer.platform, call.remote_kind) IS NOT NULL
  -- A request that a call of an AWS SDK made is that call's own business.
  AND NOT EXISTS (
    SELECT 1 FROM calls AS outer_call
    WHERE outer_call.trace_id = call.trace_id AND outer_call.span_id = call.parent_span_id AND outer_call.remote_kind IS NOT NULL
  )
GROUP BY called_kind, called
ORDER BY took_ns DESC, called, called_kind
LIMIT 50
