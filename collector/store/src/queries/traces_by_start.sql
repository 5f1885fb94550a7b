-- traces_by_start.sql: ids of traces with a matching span, by the start of the first one.
SELECT trace_id, epoch_ns(min(started_at)) AS "value"
FROM span_rows
WHERE TRUE /* conditions */
GROUP BY trace_id
