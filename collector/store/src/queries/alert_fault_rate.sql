-- alert_fault_rate.sql: of matching requests those with a fault, in millionths; null when there is none.
SELECT (1000000::HUGEINT * count(*) FILTER (fault)) // nullif(count(*), 0)
FROM span_rows
WHERE (kind IN ('server', 'consumer') OR parent_span_id IS NULL) /* conditions */
