-- locate_trace.sql: the newest span of a trace.
SELECT trace_id, span_id, TRUE AS is_trace
FROM span_rows
WHERE trace_id = ? /* where it can be */
ORDER BY started_at DESC
LIMIT 1
