-- spans: one row a span. No index and no key: time is the first predicate everywhere, and repeats are dropped by the
-- writer's anti-join over (trace_id, span_id, kind, started_at).
CREATE TABLE span_rows (
    -- The journal record it came in: ascending in the order of writing.
    sequence UBIGINT NOT NULL,
    -- Lower-case hexadecimal, as users type it.
    trace_id VARCHAR NOT NULL,
    span_id VARCHAR NOT NULL,
    -- Null for a root; the parent may never arrive.
    parent_span_id VARCHAR,
    trace_state VARCHAR NOT NULL,
    flags UINTEGER NOT NULL,
    service VARCHAR NOT NULL,
    platform VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    started_at TIMESTAMP_NS NOT NULL,
    -- As sent, where that is not started_at + duration_ns: duration_ns is 0 when it lies before started_at.
    ended_at TIMESTAMP_NS,
    duration_ns BIGINT NOT NULL,
    status VARCHAR NOT NULL,
    status_message VARCHAR NOT NULL,
    -- At most one of the three: 4xx, 5xx or timeout or failure, 429 or an AWS throttling error.
    error BOOLEAN NOT NULL,
    fault BOOLEAN NOT NULL,
    throttle BOOLEAN NOT NULL,
    -- The other side of the call: kind and name of a node of the map.
    remote_kind VARCHAR,
    remote_name VARCHAR,
    -- sync, async or poll.
    way VARCHAR NOT NULL,
    http_method VARCHAR,
    http_route VARCHAR,
    http_status USMALLINT,
    url_path VARCHAR,
    error_type VARCHAR,
    rpc_service VARCHAR,
    rpc_method VARCHAR,
    db_system VARCHAR,
    db_operation VARCHAR,
    db_collection VARCHAR,
    messaging_system VARCHAR,
    messaging_destination VARCHAR,
    messaging_operation VARCHAR,
    -- Messages or records in the batch.
    records BIGINT,
    server_address VARCHAR,
    peer_service VARCHAR,
    -- The function's request id, on the span that is an invocation.
    invocation_id VARCHAR,
    faas_trigger VARCHAR,
    cold_start BOOLEAN,
    "function" VARCHAR,
    function_arn VARCHAR,
    invoked_arn VARCHAR,
    function_version VARCHAR,
    function_instance VARCHAR,
    memory_mb BIGINT,
    invoked_name VARCHAR,
    document_collection VARCHAR,
    document_operation VARCHAR,
    document_name VARCHAR,
    tenant VARCHAR,
    cloud_account_id VARCHAR,
    cloud_region VARCHAR,
    resource_id UBIGINT NOT NULL,
    scope_name VARCHAR NOT NULL,
    scope_version VARCHAR NOT NULL,
    -- The rest of the scope as JSON, null when there is none: attributes, dropped count, schema URL.
    scope_rest VARCHAR,
    -- One flat object: scalars keep their type, arrays and maps are JSON text.
    attributes MAP(VARCHAR, VARCHAR),
    attribute_types VARCHAR,
    dropped_attributes_count UINTEGER NOT NULL,
    events STRUCT("time" TIMESTAMP_NS, "name" VARCHAR, attributes VARCHAR, attribute_types VARCHAR, dropped_attributes_count UINTEGER)[],
    dropped_events_count UINTEGER NOT NULL,
    links STRUCT(trace_id VARCHAR, span_id VARCHAR, trace_state VARCHAR, attributes VARCHAR, attribute_types VARCHAR, dropped_attributes_count UINTEGER, flags UINTEGER)[],
    dropped_links_count UINTEGER NOT NULL,
    -- What was odd and mended on the way in: bits of model::Oddities.
    oddities USMALLINT NOT NULL,
    received_at TIMESTAMP_NS NOT NULL,
    -- What calls are metered by and waiting is told from: model::MeteredFacts. Names that few spans have are slow to look for in attributes.
    call_bytes BIGINT,
    trigger_source VARCHAR,
    consistent_read BOOLEAN,
    consumed_capacity VARCHAR,
    sent_ms BIGINT,
    resends BIGINT,
    customer VARCHAR,
    -- How many spans it stands for, in millionths, as model::sampling reads it; NULL: nobody said.
    stands_for BIGINT
);
