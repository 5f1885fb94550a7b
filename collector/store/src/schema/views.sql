-- The names users write SQL against. Where rows live is hidden here, so that it can change.
CREATE OR REPLACE VIEW spans AS
SELECT
    * EXCLUDE (
        sequence, attribute_types, scope_rest, oddities,
        call_bytes, trigger_source, consistent_read, consumed_capacity, sent_ms, resends, customer, stands_for
    ) REPLACE (coalesce(ended_at, make_timestamp_ns(epoch_ns(started_at) + duration_ns)) AS ended_at),
    coalesce(attributes['aws.request_id'], attributes['aws.request.id']) AS aws_request_id
FROM span_rows;

CREATE OR REPLACE VIEW resources AS
SELECT * EXCLUDE (attribute_types) FROM resource_rows;

CREATE OR REPLACE VIEW logs AS
SELECT * EXCLUDE (sequence, attribute_types, scope_rest) FROM log_rows;

CREATE OR REPLACE VIEW metrics AS
SELECT * EXCLUDE (sequence, attribute_types) FROM metric_rows;

-- One row a trace: its root (or its earliest span when no root came), its extent and what went wrong in it.
CREATE OR REPLACE VIEW traces AS
SELECT
    trace_id,
    arg_min(service, (parent_span_id IS NOT NULL, started_at)) AS root_service,
    arg_min(name, (parent_span_id IS NOT NULL, started_at)) AS root_name,
    min(started_at) AS started_at,
    arg_min(duration_ns, (parent_span_id IS NOT NULL, started_at)) AS response_ns,
    max(epoch_ns(started_at) + duration_ns) - epoch_ns(min(started_at)) AS completed_ns,
    count(*) AS spans,
    count(DISTINCT service) AS services,
    count(*) FILTER (error) AS errors,
    count(*) FILTER (fault) AS faults,
    count(*) FILTER (throttle) AS throttles
FROM span_rows
GROUP BY trace_id;

-- One row a minute, caller, callee and way; durations is a map from bucket (exponential, scale 3) to calls.
CREATE OR REPLACE VIEW edges AS
SELECT
    minute, caller_kind, caller, callee_kind, callee, way,
    sum(calls)::UBIGINT AS calls,
    sum(errors)::UBIGINT AS errors,
    sum(faults)::UBIGINT AS faults,
    sum(throttles)::UBIGINT AS throttles,
    map_from_entries(list({'bucket': bucket, 'calls': calls} ORDER BY bucket)) AS durations
FROM edge_minutes
GROUP BY ALL;
