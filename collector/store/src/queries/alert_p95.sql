-- alert_p95.sql: the 95th percentile of the duration of matching requests, in nanoseconds.
SELECT quantile_disc(duration_ns, 0.95)::HUGEINT
FROM span_rows
WHERE (kind IN ('server', 'consumer') OR parent_span_id IS NULL) /* conditions */
