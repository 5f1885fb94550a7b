-- near_traces.sql: trace ids with the same first eight digits, newest first.
SELECT trace_id
FROM span_rows
WHERE starts_with(trace_id, ?)
GROUP BY trace_id
ORDER BY max(started_at) DESC, trace_id
LIMIT 5
