LEFT JOIN (
    SELECT trace_id, span_id, sum(cost_attos) AS attos
    FROM invocation_parts
    WHERE trace_id IN (SELECT trace_id FROM sampled) AND started_at BETWEEN make_timestamp_ns(?) AND make_timestamp_ns(?)
    GROUP BY trace_id, span_id
) AS bill ON bill.trace_id = span.trace_id AND bill.span_id = span.span_id
