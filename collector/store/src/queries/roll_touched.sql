-- roll_touched.sql: the traces that spans of journal records after $1 up to $2 belong to.
CREATE OR REPLACE TEMP TABLE touched_traces AS
SELECT DISTINCT trace_id FROM span_rows WHERE sequence > $1 AND sequence <= $2
