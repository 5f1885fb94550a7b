-- locate.sql: the span that a trace id or a request id names; the newest when several.
SELECT trace_id, span_id, trace_id = $1 AS is_trace
FROM span_rows
WHERE (trace_id = $1 OR invocation_id = $2 OR attributes['aws.request_id'] = $2 OR attributes['aws.request.id'] = $2) /* where it can be */
ORDER BY is_trace DESC, (invocation_id IS NOT NULL AND invocation_id = $2) DESC, started_at DESC
LIMIT 1
