-- platform: what Lambda's platform reported, one row a record that says something of an invocation or an init. The records are in
-- log_rows too, as they came; here they are read. A record that came twice is here twice, which changes nothing.
CREATE TABLE platform_rows (
    sequence UBIGINT NOT NULL,
    reported_at TIMESTAMP_NS NOT NULL,
    -- As the Telemetry API names it, without "platform.".
    kind VARCHAR NOT NULL,
    -- Null for init and restore: they belong to the next start of the same process.
    invocation_id VARCHAR,
    resource_id UBIGINT NOT NULL,
    trace_id VARCHAR,
    span_id VARCHAR,
    status VARCHAR,
    error_type VARCHAR,
    phase VARCHAR,
    initialization VARCHAR,
    version VARCHAR,
    duration_ns UBIGINT,
    billed_ms UBIGINT,
    memory_mb UBIGINT,
    max_memory_mb UBIGINT,
    init_ns UBIGINT,
    restore_ns UBIGINT,
    billed_restore_ms UBIGINT,
    produced_bytes UBIGINT,
    response_latency_ns UBIGINT,
    response_duration_ns UBIGINT,
    runtime_overhead_ns UBIGINT,
    extension_overhead_ns UBIGINT,
    received_at TIMESTAMP_NS NOT NULL
);
