-- locate_invocation.sql: the newest span that is the invocation of a request.
SELECT trace_id, span_id, FALSE AS is_trace
FROM span_rows
WHERE invocation_id = ? /* where it can be */
ORDER BY started_at DESC
LIMIT 1
