-- map_found.sql: the spans of the traces in `chosen`, as the rollups read them. Parameters: between when their spans may lie.
CREATE OR REPLACE TEMP TABLE rolling AS
WITH near AS MATERIALIZED (
    SELECT trace_id, span_id, parent_span_id, kind, service, platform, started_at, duration_ns, error, fault, throttle,
           remote_kind, remote_name, way, invocation_id
    FROM span_rows
    WHERE trace_id IN (SELECT trace_id FROM temp.chosen) AND started_at BETWEEN make_timestamp_ns(?) AND make_timestamp_ns(?)
),
here AS (
    SELECT *, epoch_ns(started_at) // 60000000000 AS minute FROM near
),
/* requests */
