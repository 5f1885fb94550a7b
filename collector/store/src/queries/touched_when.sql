-- touched_when.sql: when the first and the last began of the spans, and of the invocations as told before, of the touched requests; looked
-- for from $1 to $2 (ns).
SELECT epoch_ns(min(started_at)) AS first_ns, epoch_ns(max(started_at)) AS last_ns
FROM (
    SELECT started_at FROM span_rows
    WHERE started_at BETWEEN make_timestamp_ns($1) AND make_timestamp_ns($2)
      AND invocation_id IN (SELECT request_id FROM temp.touching)
    UNION ALL
    SELECT started_at FROM invocation_rows
    WHERE started_at BETWEEN make_timestamp_ns($1) AND make_timestamp_ns($2)
      AND request_id IN (SELECT request_id FROM temp.touching)
)
