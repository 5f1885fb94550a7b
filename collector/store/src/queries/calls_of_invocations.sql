-- calls_of_invocations.sql: the calls that the touched requests made: CLIENT and PRODUCER spans of the same process in the same trace.
WITH near AS (
    SELECT invocation_id, trace_id, resource_id, kind, started_at, duration_ns
    FROM span_rows
    WHERE started_at BETWEEN make_timestamp_ns($1) AND make_timestamp_ns($2)
),
invoked AS (
    SELECT invocation_id, trace_id, resource_id, epoch_ns(started_at) AS start_ns, epoch_ns(started_at) + duration_ns AS end_ns
    FROM near
    WHERE invocation_id IN (SELECT request_id FROM touched)
)
SELECT invoked.invocation_id, epoch_ns(call.started_at) AS from_ns, epoch_ns(call.started_at) + call.duration_ns AS to_ns
FROM near AS call
JOIN invoked ON invoked.trace_id = call.trace_id AND invoked.resource_id = call.resource_id
WHERE call.kind IN ('client', 'producer') AND epoch_ns(call.started_at) BETWEEN invoked.start_ns AND invoked.end_ns
ORDER BY invoked.invocation_id, from_ns, to_ns
