-- roll_changed.sql: the minutes whose numbers spans of journal records after $1 change: their own, those of their parents (a call that now
-- has a callee) and those of their children (a request that now has a caller).
INSERT INTO temp.changed_minutes
WITH fresh AS (SELECT trace_id, span_id, parent_span_id FROM temp.near WHERE sequence > $1),
kept AS (SELECT trace_id, span_id, parent_span_id, minute FROM temp.near WHERE is_here AND sequence <= $1)
SELECT minute FROM temp.near WHERE is_here AND sequence > $1
UNION
SELECT minute FROM kept SEMI JOIN fresh ON kept.trace_id = fresh.trace_id AND kept.span_id = fresh.parent_span_id
UNION
SELECT minute FROM kept SEMI JOIN fresh ON kept.trace_id = fresh.trace_id AND kept.parent_span_id = fresh.span_id
