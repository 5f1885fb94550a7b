-- spans.sql: whole spans of a trace as they were sent; of one span when the second parameter names it.
SELECT
    span.trace_id, span.span_id, parent_span_id, trace_state, flags, name, kind,
    epoch_ns(started_at) AS started_ns, coalesce(epoch_ns(ended_at), epoch_ns(started_at) + duration_ns) AS ended_ns, status, status_message,
    scope_name, scope_version, scope_rest,
    span.attributes, span.attribute_types, span.dropped_attributes_count,
    events, dropped_events_count, links, dropped_links_count, oddities, epoch_ns(received_at) AS received_ns,
    resource.attributes AS resource_attributes, resource.attribute_types AS resource_types,
    resource.schema_url AS resource_schema_url, resource.dropped_attributes_count AS resource_dropped
FROM span_rows AS span
LEFT JOIN resource_rows AS resource ON resource.resource_id = span.resource_id
WHERE span.trace_id = $1 /* where it can be */ AND ($2 IS NULL OR span.span_id = $2)
ORDER BY started_at, span.span_id, kind DESC
