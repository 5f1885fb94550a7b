-- chosen_traces.sql: the newest traces with a matching span. Parameters: those of the conditions, and how many traces.
CREATE OR REPLACE TEMP TABLE chosen AS
SELECT trace_id
FROM span_rows
WHERE TRUE /* conditions */
GROUP BY trace_id
ORDER BY max(started_at) DESC, trace_id
LIMIT ?
