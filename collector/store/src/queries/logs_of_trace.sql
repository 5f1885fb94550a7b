-- logs_of_trace.sql: the log lines of one trace, by time; at most 10,000, for a page that shows them.
SELECT
    service, epoch_ns("time") AS time_ns, epoch_ns(observed_at) AS observed_ns, trace_id, span_id, flags, severity_number,
    severity_text, body, body_type, attributes, attribute_types, dropped_attributes_count, event_name
FROM log_rows
WHERE trace_id = ?
ORDER BY logged_at, sequence, span_id
LIMIT 10000
