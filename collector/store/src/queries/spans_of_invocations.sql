-- spans_of_invocations.sql: the spans that say they are one of the touched requests.
SELECT invocation_id, trace_id, span_id, epoch_ns(started_at) AS started_ns, duration_ns, kind = 'server' AS is_server, cold_start,
       fault AS failed, error_type, memory_mb, stands_for
FROM span_rows
WHERE started_at BETWEEN make_timestamp_ns($1) AND make_timestamp_ns($2)
  AND invocation_id IN (SELECT request_id FROM touched)
ORDER BY invocation_id, started_at, span_id
