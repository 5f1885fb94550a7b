-- locate_span.sql: the newest span with an id.
SELECT trace_id, span_id, FALSE AS is_trace
FROM span_rows
WHERE span_id = ?
ORDER BY started_at DESC
LIMIT 1
