-- roll_dirty.sql: other minutes whose numbers change because of the spans of journal records after $1 up to $2: those of their parents (a
-- call that now has a callee) and those of their children (a request that now has a caller), looked for from $3 until $4 (ns). Of $5 parts of
-- all traces those of number $6, from 0.
INSERT INTO temp.dirty
WITH fresh AS (
    SELECT trace_id, span_id, parent_span_id
    FROM span_rows
    WHERE sequence > $1 AND sequence <= $2 AND hash(trace_id) % $5::UBIGINT = $6::UBIGINT
),
-- What several parts of a question read is kept in memory: only what shares a trace, and is not counted anyway.
near AS (
    SELECT trace_id, span_id, parent_span_id, started_at
    FROM span_rows
    WHERE started_at BETWEEN make_timestamp_ns($3) AND make_timestamp_ns($4)
      AND epoch_ns(started_at) // 60000000000 NOT IN (SELECT minute FROM temp.dirty)
      AND trace_id IN (SELECT trace_id FROM fresh)
)
SELECT DISTINCT epoch_ns(started_at) // 60000000000 AS minute
FROM (
    SELECT near.started_at FROM near JOIN fresh ON near.trace_id = fresh.trace_id AND near.span_id = fresh.parent_span_id
    UNION ALL
    SELECT near.started_at FROM near JOIN fresh ON near.trace_id = fresh.trace_id AND near.parent_span_id = fresh.span_id
)
