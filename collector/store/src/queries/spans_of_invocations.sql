-- spans_of_invocations.sql: the spans of `invoking`, by request.
SELECT invocation_id, trace_id, span_id, epoch_ns(started_at) AS started_ns, duration_ns, kind = 'server' AS is_server, cold_start,
       fault AS failed, error_type, memory_mb, stands_for
FROM temp.invoking
ORDER BY invocation_id, started_at, span_id
