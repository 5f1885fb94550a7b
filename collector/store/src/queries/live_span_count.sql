-- live_span_count.sql: how many there are for live_spans.sql.
SELECT count(*)
FROM span_rows
WHERE sequence > ? AND sequence <= ? AND parent_span_id IS NULL AND invocation_id IS NULL /* conditions */
