-- alert_requests.sql: matching requests: what a service was asked, and roots.
SELECT count(*)::HUGEINT
FROM span_rows
WHERE (kind IN ('server', 'consumer') OR parent_span_id IS NULL) /* conditions */
