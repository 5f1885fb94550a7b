-- calls_now.sql: the metered calls begun from $from until $to (ns): those of an invocation of that time together, all others one by one. A call
-- counts when it began, whenever its invocation did; one of an invocation before is then nobody's here.
CREATE OR REPLACE TEMP TABLE calls_now AS
WITH made AS MATERIALIZED (
    -- Most are an invocation's, and of those nothing else is asked.
    SELECT
        request AS request_id, invoked_at, attos,
        CASE WHEN request IS NULL THEN started_at END AS started_at, CASE WHEN request IS NULL THEN trace_id END AS trace_id,
        CASE WHEN request IS NULL THEN span_id END AS span_id, CASE WHEN request IS NULL THEN service END AS service,
        CASE WHEN request IS NULL THEN name END AS name, CASE WHEN request IS NULL THEN failed END AS failed,
        CASE WHEN request IS NULL THEN remote_kind END AS remote_kind, CASE WHEN request IS NULL THEN region END AS region,
        CASE WHEN request IS NULL THEN duration_ns END AS duration_ns, CASE WHEN request IS NULL THEN http_route END AS http_route,
        CASE WHEN request IS NULL THEN tenant END AS tenant, CASE WHEN request IS NULL THEN resource_id END AS resource_id,
        CASE WHEN request IS NULL THEN is_least END AS is_least
    FROM (
        SELECT
            * EXCLUDE (request_id),
            CASE WHEN invoked_at >= make_timestamp_ns($from::BIGINT) AND invoked_at < make_timestamp_ns($to::BIGINT) THEN request_id END AS request
        FROM calls_made($from::BIGINT, $to::BIGINT, /* several */ TRUE)
    )
)
SELECT request_id, invoked_at, sum(attos) AS attos, count(*) FILTER (attos IS NULL) AS unpriced
FROM made
WHERE request_id IS NOT NULL
GROUP BY request_id, invoked_at
UNION ALL BY NAME
SELECT
    attos, started_at, trace_id, span_id, service, name, failed, remote_kind, region, duration_ns, http_route, tenant, resource_id, is_least
FROM made
WHERE request_id IS NULL
