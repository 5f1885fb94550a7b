-- calls_now.sql: the metered calls begun from $from until $to (ns): those of an invocation of that time together, all others one by one. A call
-- counts when it began, whenever its invocation did; one of an invocation before is then nobody's here.
CREATE OR REPLACE TEMP TABLE calls_now AS
WITH made AS MATERIALIZED (
    SELECT
        * EXCLUDE (request_id, began_ns),
        CASE WHEN invoked_at >= make_timestamp_ns($from::BIGINT) AND invoked_at < make_timestamp_ns($to::BIGINT) THEN request_id END AS request_id
    FROM calls_made($from::BIGINT, $to::BIGINT, /* several */ TRUE)
)
SELECT request_id, invoked_at, sum(attos) AS attos, count(*) FILTER (attos IS NULL) AS unpriced
FROM made
WHERE request_id IS NOT NULL
GROUP BY request_id, invoked_at
UNION ALL BY NAME
SELECT
    made.attos, started_at, trace_id, span_id, service, name, error OR fault OR throttle AS failed, made.remote_kind, made.region, duration_ns,
    http_route, tenant, resource_id, made.is_least
FROM (FROM made WHERE request_id IS NULL) AS made
JOIN span_rows AS span ON span.rowid = made.place
WHERE started_at >= make_timestamp_ns($from::BIGINT) AND started_at < make_timestamp_ns($to::BIGINT)
