-- roll_spans.sql: the spans of the dirty minutes, each with its parent and with the service that answered it, if they are
-- here. Both are looked for within an hour.
CREATE OR REPLACE TEMP TABLE rolling AS
WITH bounds AS (
    SELECT make_timestamp_ns((min(minute) - 60) * 60000000000) AS low,
           make_timestamp_ns(least(max(minute) + 61, 153722867) * 60000000000) AS high
    FROM dirty
),
near AS (
    SELECT trace_id, span_id, parent_span_id, kind, service, platform, started_at, duration_ns, error, fault, throttle,
           remote_kind, remote_name, way, invocation_id, resource_id, cloud_region, rpc_method, db_operation, messaging_operation,
           records, call_bytes, trigger_source, consistent_read, consumed_capacity
    FROM span_rows, bounds
    WHERE started_at BETWEEN low AND high
),
here AS (
    SELECT *, epoch_ns(started_at) // 60000000000 AS minute FROM near WHERE epoch_ns(started_at) // 60000000000 IN (SELECT minute FROM dirty)
),
/* requests */
