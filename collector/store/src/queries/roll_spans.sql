-- roll_spans.sql: the spans of the dirty minutes, each with its parent and with the service that answered it, if they are here and no further
-- away than $1 (ns). What several parts of a question read is held in memory, so only one of $2 parts of all traces is gathered at a time:
-- number $3, from 0.
/* into */
WITH bounds AS (
    -- Held to what a timestamp can say: senders' clocks may show any year.
    SELECT make_timestamp_ns(min(minute) * 60000000000) AS first, make_timestamp_ns(least(max(minute) + 1, 153722867) * 60000000000) AS last,
           make_timestamp_ns(min(minute) * 60000000000 - $1) AS low, make_timestamp_ns(least(max(minute) + 1, 153722867 - $1 // 60000000000) * 60000000000 + $1) AS high
    FROM dirty
),
here AS (
    SELECT trace_id, span_id, parent_span_id, kind, service, platform, started_at, duration_ns, error, fault, throttle,
           remote_kind, remote_name, way, invocation_id, epoch_ns(started_at) // 60000000000 AS minute
    FROM span_rows, bounds
    WHERE started_at BETWEEN first AND last AND epoch_ns(started_at) // 60000000000 IN (SELECT minute FROM dirty)
      AND hash(trace_id) % $2::UBIGINT = $3::UBIGINT
),
-- Only what shares a trace with them.
near AS (
    SELECT trace_id, span_id, parent_span_id, kind, service, platform, started_at, duration_ns, remote_kind, way
    FROM span_rows, bounds
    WHERE started_at BETWEEN low AND high AND trace_id IN (SELECT trace_id FROM here)
),
/* requests */
