-- invocations: one row an attempt of a function's invocation, told from spans and platform records together. Made anew whenever one of
-- them comes, so nothing here says more than they do. What it costs is computed when asked: see the view.
CREATE TABLE invocation_rows (
    request_id VARCHAR NOT NULL,
    started_at TIMESTAMP_NS NOT NULL,
    trace_id VARCHAR,
    span_id VARCHAR,
    service VARCHAR NOT NULL,
    environment VARCHAR,
    "function" VARCHAR,
    function_arn VARCHAR,
    version VARCHAR,
    region VARCHAR,
    account VARCHAR,
    architecture VARCHAR,
    runtime VARCHAR,
    instance VARCHAR,
    route VARCHAR,
    faas_trigger VARCHAR,
    way VARCHAR,
    -- Messages or records it was given.
    records BIGINT,
    tenant VARCHAR,
    -- As configured, and as used at most.
    memory_mb BIGINT,
    max_memory_mb BIGINT,
    -- Of /tmp, as the resource says; nobody else does.
    storage_mb BIGINT,
    cold_start BOOLEAN,
    initialization VARCHAR,
    init_ns BIGINT,
    suppressed_init_ns BIGINT,
    restore_ns BIGINT,
    billed_restore_ms BIGINT,
    felt_wait_ns BIGINT,
    duration_ns BIGINT,
    -- Of it, while calls of its own were under way: nobody's processor was at work.
    waiting_ns BIGINT,
    -- Reported, else computed from what is known; null where the duration is not what is billed.
    billed_ms BIGINT,
    produced_bytes BIGINT,
    response_latency_ns BIGINT,
    runtime_overhead_ns BIGINT,
    extension_overhead_ns BIGINT,
    -- ok, error, timeout or oom.
    outcome VARCHAR NOT NULL,
    error_type VARCHAR,
    -- reported, estimated or inferred.
    cost_state VARCHAR NOT NULL,
    -- How many it stands for, in millionths, where its trace was sampled and the platform said nothing of it.
    stands_for BIGINT
);

-- invoked: spans and platform records up to this journal sequence are told of in invocation_rows.
CREATE TABLE invoked (
    sequence UBIGINT NOT NULL
);
INSERT INTO invoked VALUES (0);
