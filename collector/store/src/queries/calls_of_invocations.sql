-- calls_of_invocations.sql: the calls that the touched requests made: CLIENT and PRODUCER spans of the same process in the same trace, begun
-- from $1 to $2 (ns).
SELECT invoking.invocation_id, epoch_ns(call.started_at) AS from_ns, epoch_ns(call.started_at) + call.duration_ns AS to_ns
FROM (
    SELECT trace_id, resource_id, started_at, duration_ns
    FROM span_rows
    WHERE kind IN ('client', 'producer') AND started_at BETWEEN make_timestamp_ns($1) AND make_timestamp_ns($2)
) AS call
JOIN temp.invoking ON invoking.trace_id = call.trace_id AND invoking.resource_id = call.resource_id
WHERE call.started_at >= invoking.started_at AND epoch_ns(call.started_at) <= epoch_ns(invoking.started_at) + invoking.duration_ns
ORDER BY invoking.invocation_id, from_ns, to_ns
