-- alert_backlog.sql: the longest that something waited which a matching span received, in nanoseconds.
WITH matching AS (
    SELECT trace_id, span_id, started_at FROM span_rows WHERE TRUE /* conditions */
)
SELECT max((waited_ms * 1e6)::HUGEINT)
FROM deliveries
SEMI JOIN matching USING (trace_id, span_id, started_at)
WHERE deliveries.sender_started_at >= make_timestamp_ns(?)
