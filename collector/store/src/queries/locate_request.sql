-- locate_request.sql: the newest span of a call to AWS that was answered under an id.
SELECT trace_id, span_id, FALSE AS is_trace
FROM span_rows
WHERE (attributes['aws.request_id'] = $1 OR attributes['aws.request.id'] = $1) /* where it can be */
ORDER BY started_at DESC
LIMIT 1
