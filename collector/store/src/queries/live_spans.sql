-- live_spans.sql: matching root spans that came with the journal records after one and up to another, newest end first. A span that is
-- an invocation is listed as one.
SELECT
    trace_id, span_id, service, platform, name, epoch_ns(started_at) AS started_ns, duration_ns, error, fault, throttle, error_type
FROM span_rows
WHERE sequence > ? AND sequence <= ? AND parent_span_id IS NULL AND invocation_id IS NULL /* conditions */
ORDER BY epoch_ns(started_at) + duration_ns DESC, trace_id, span_id
LIMIT ?
