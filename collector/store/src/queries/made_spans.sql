-- made_spans.sql: the span of each made invocation, with a few attributes.
INSERT INTO span_rows BY NAME
SELECT
    0 AS sequence,
    trace_id, span_id, '' AS trace_state, 257 AS flags,
    service, 'lambda' AS platform, "function" AS name, 'server' AS kind,
    started_at, duration_ns,
    CASE outcome WHEN 'ok' THEN 'unset' ELSE 'error' END AS status, '' AS status_message,
    false AS error, outcome <> 'ok' AS fault, false AS throttle,
    way, route AS http_route, error_type, records,
    request_id AS invocation_id, faas_trigger, cold_start, "function", function_arn, version AS function_version,
    instance AS function_instance, memory_mb, tenant, account AS cloud_account_id, region AS cloud_region,
    1 AS resource_id, '' AS scope_name, '' AS scope_version,
    MAP {
        'customer.tier': ['bronze', 'silver', 'gold'][(hash(tenant) % 3)::BIGINT + 1],
        'order.id': (hash(request_id) % 1000000)::VARCHAR,
        'faas.trigger': faas_trigger
    } AS attributes,
    CASE WHEN faas_trigger IS NULL THEN 'sin' ELSE 'sis' END AS attribute_types,
    0 AS dropped_attributes_count, 0 AS dropped_events_count, 0 AS dropped_links_count, 0 AS oddities,
    started_at AS received_at
FROM invocation_rows
ORDER BY started_at
