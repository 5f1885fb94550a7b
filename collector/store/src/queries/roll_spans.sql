-- roll_spans.sql: the spans of the dirty minutes begun from $1 to $2 (ns), each with its parent and with the service that answered it, if
-- they began from $3 to $4. Of $5 parts of all traces those of number $6, from 0.
CREATE OR REPLACE TEMP TABLE rolling AS
WITH here AS (
    SELECT trace_id, span_id, parent_span_id, kind, service, platform, started_at, duration_ns, error, fault, throttle,
           remote_kind, remote_name, way, invocation_id, epoch_ns(started_at) // 60000000000 AS minute
    FROM span_rows
    WHERE started_at BETWEEN make_timestamp_ns($1) AND make_timestamp_ns($2)
      AND epoch_ns(started_at) // 60000000000 IN (SELECT minute FROM dirty)
      AND ($5::UBIGINT = 1 OR hash(trace_id) % $5::UBIGINT = $6::UBIGINT)
),
-- Only what shares a trace with them.
near AS (
    SELECT trace_id, span_id, parent_span_id, kind, service, platform, started_at, duration_ns, remote_kind, way
    FROM span_rows
    WHERE started_at BETWEEN make_timestamp_ns($3) AND make_timestamp_ns($4) AND trace_id IN (SELECT trace_id FROM here)
),
/* requests */
