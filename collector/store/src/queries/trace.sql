-- trace.sql: all spans of one trace, without what only a selected span shows. Whoever asks puts them in order: to sort 100,000 rows of so
-- many columns takes longer than to read them.
SELECT
    sequence, span_id, parent_span_id, name, kind, service, platform, resource_id,
    epoch_ns(started_at) AS started_ns, duration_ns, error, fault, throttle, status, status_message, http_status, error_type,
    remote_kind, remote_name, way, invocation_id, records,
    sent_ms,
    list_transform(events, lambda e: epoch_ns(e."time")) AS event_times,
    len(links)::UINTEGER AS links, oddities, epoch_ns(received_at) AS received_ns
FROM span_rows
WHERE trace_id = ? /* where it can be */
