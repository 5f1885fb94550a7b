-- touched_requests.sql: requests of which spans or platform records came with journal records after $1 up to $2, and with which of them first.
-- An init has no request of its own: it touches the first start after it in the same process, or the last before it when it happened inside
-- one. Looked for from $3 until $4 (ns): what was told before is long.
CREATE OR REPLACE TEMP TABLE touching AS
WITH fresh AS (
    SELECT invocation_id AS request_id, sequence
    FROM span_rows
    WHERE sequence > $1 AND sequence <= $2 AND invocation_id IS NOT NULL
    UNION ALL
    SELECT invocation_id, sequence
    FROM platform_rows
    WHERE sequence > $1 AND sequence <= $2 AND invocation_id IS NOT NULL
),
inits AS (
    SELECT resource_id, reported_at, sequence FROM platform_rows WHERE sequence > $1 AND sequence <= $2 AND invocation_id IS NULL
),
starts AS (
    SELECT resource_id, invocation_id, reported_at
    FROM platform_rows
    WHERE kind = 'start' AND invocation_id IS NOT NULL AND resource_id IN (SELECT resource_id FROM inits)
      AND reported_at BETWEEN make_timestamp_ns($3) AND make_timestamp_ns($4)
),
all_seen AS (
    SELECT request_id, sequence FROM fresh
    UNION ALL
    -- A call that is told of later than its invocation changes how long that waited.
    SELECT told.request_id, call.sequence
    FROM span_rows AS call
    JOIN invocation_rows AS told ON told.trace_id = call.trace_id AND told.service = call.service
    WHERE call.sequence > $1 AND call.sequence <= $2 AND call.kind IN ('client', 'producer')
      AND call.started_at BETWEEN told.started_at AND told.started_at + INTERVAL 15 MINUTE
      AND told.started_at BETWEEN make_timestamp_ns($3) AND make_timestamp_ns($4)
    UNION ALL
    SELECT starts.invocation_id, inits.sequence
    FROM inits ASOF JOIN starts ON inits.resource_id = starts.resource_id AND inits.reported_at <= starts.reported_at
    UNION ALL
    SELECT starts.invocation_id, inits.sequence
    FROM inits ASOF JOIN starts ON inits.resource_id = starts.resource_id AND inits.reported_at >= starts.reported_at
)
SELECT request_id, min(sequence) AS sequence FROM all_seen GROUP BY request_id
