-- events_of_trace.sql: what was recorded during the spans of one trace, by time; at most 10,000, for a page that shows them.
SELECT span_id, event
FROM (SELECT span_id, unnest(events) AS event FROM span_rows WHERE trace_id = ? /* where it can be */ AND len(events) > 0)
ORDER BY event."time", span_id, event."name"
LIMIT 10000
