-- logs: one row a log record.
CREATE TABLE log_rows (
    sequence UBIGINT NOT NULL,
    -- When it happened, else when it was observed, else when it was received.
    logged_at TIMESTAMP_NS NOT NULL,
    -- As sent, null when the source did not know.
    "time" TIMESTAMP_NS,
    observed_at TIMESTAMP_NS,
    trace_id VARCHAR,
    span_id VARCHAR,
    flags UINTEGER NOT NULL,
    service VARCHAR NOT NULL,
    severity_number INTEGER NOT NULL,
    severity_text VARCHAR NOT NULL,
    -- Text as it is, everything else as JSON; body_type says which.
    body VARCHAR,
    body_type VARCHAR,
    event_name VARCHAR NOT NULL,
    -- The function's request id, where the record names one.
    invocation_id VARCHAR,
    resource_id UBIGINT NOT NULL,
    scope_name VARCHAR NOT NULL,
    scope_version VARCHAR NOT NULL,
    scope_rest VARCHAR,
    attributes MAP(VARCHAR, VARCHAR),
    attribute_types VARCHAR,
    dropped_attributes_count UINTEGER NOT NULL,
    received_at TIMESTAMP_NS NOT NULL
);
