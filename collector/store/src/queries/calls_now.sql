-- calls_now.sql: the metered calls of which spending from $from until $to has a part: those of an invocation together, all others one by one.
CREATE OR REPLACE TEMP TABLE calls_now AS
WITH made AS MATERIALIZED (
    FROM calls_made($from::BIGINT, $to::BIGINT)
)
SELECT request_id, invoked_at, sum(attos) AS attos, count(*) FILTER (attos IS NULL) AS unpriced
FROM made
WHERE request_id IS NOT NULL AND invoked_at >= make_timestamp_ns($from::BIGINT) AND invoked_at < make_timestamp_ns($to::BIGINT)
GROUP BY request_id, invoked_at
UNION ALL BY NAME
SELECT
    attos, started_at, trace_id, span_id, service, name, failed, remote_kind, region, duration_ns, http_route, tenant, resource_id, is_least
FROM made
WHERE request_id IS NULL AND started_at < make_timestamp_ns($to::BIGINT)
