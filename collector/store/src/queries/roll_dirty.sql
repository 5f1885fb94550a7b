-- roll_dirty.sql: the minutes whose numbers change because of the spans written since the last roll: their own, those of
-- their parents (a call that now has a callee) and those of their children (a request that now has a caller).
-- Parents and children are looked for within an hour of the new spans.
CREATE OR REPLACE TEMP TABLE dirty AS
WITH fresh AS (
    SELECT trace_id, span_id, parent_span_id, started_at
    FROM span_rows
    WHERE sequence > $1 AND sequence <= $2
),
bounds AS (
    -- In integers and held to what a timestamp can say: senders' clocks may show any year.
    SELECT make_timestamp_ns(min(epoch_ns(started_at)) - 3600000000000) AS low,
           make_timestamp_ns(least(max(epoch_ns(started_at)), 9223368000000000000) + 3600000000000) AS high
    FROM fresh
),
near AS (
    SELECT trace_id, span_id, parent_span_id, started_at
    FROM span_rows, bounds
    WHERE started_at BETWEEN low AND high
)
SELECT DISTINCT epoch_ns(started_at) // 60000000000 AS minute
FROM (
    SELECT started_at FROM fresh
    UNION ALL
    SELECT near.started_at FROM near JOIN fresh ON near.trace_id = fresh.trace_id AND near.span_id = fresh.parent_span_id
    UNION ALL
    SELECT near.started_at FROM near JOIN fresh ON near.trace_id = fresh.trace_id AND near.parent_span_id = fresh.span_id
)
