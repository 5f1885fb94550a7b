-- spent_found.sql: the newest traces with a matching span, as map_found.sql finds them.
CREATE OR REPLACE TEMP TABLE rolling AS
SELECT trace_id
FROM span_rows
WHERE TRUE /* conditions */
GROUP BY trace_id
ORDER BY max(started_at) DESC, trace_id
LIMIT ?
