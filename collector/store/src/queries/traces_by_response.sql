-- traces_by_response.sql: ids of traces with a matching span, by the response time of the whole trace, whose spans lie between ? and ? (ns).
SELECT trace_id, arg_min(duration_ns, (parent_span_id IS NOT NULL, started_at)) AS "value"
FROM span_rows
WHERE trace_id IN (SELECT trace_id FROM span_rows WHERE TRUE /* conditions */)
  AND started_at BETWEEN make_timestamp_ns(?) AND make_timestamp_ns(?)
GROUP BY trace_id
