-- spending_calls.sql: what metered calls cost that no invocation of the time made, by group and by step of $step ns from $origin: containers' and everybody else's.
-- A call belongs to the request of its service in its trace that began last before it, and fails with it.
WITH called AS (
    SELECT
        (epoch_ns(started_at) - $origin::BIGINT) // $step::BIGINT AS step, trace_id, service, attos, remote_kind, region,
        coalesce(request.request_span, span_id) AS span_id, coalesce(request.request_failed, failed) AS failed,
        coalesce(request.request_ns, duration_ns) AS duration_ns, coalesce(request.request_route, http_route) AS http_route,
        coalesce(request.request_tenant, tenant) AS tenant, coalesce(request.request_name, name) AS name,
        coalesce(request.request_resource, resource_id) AS resource_id,
        CASE WHEN is_least THEN 'inferred' ELSE 'estimated' END AS cost_state,
        NULL::VARCHAR AS task
    FROM (SELECT * FROM temp.calls_now WHERE request_id IS NULL) AS call
    ASOF LEFT JOIN (
        SELECT
            trace_id AS request_trace, span_id AS request_span, service AS request_service, epoch_ns(started_at) AS request_at,
            duration_ns AS request_ns, error OR fault OR throttle AS request_failed, http_route AS request_route, tenant AS request_tenant,
            name AS request_name, resource_id AS request_resource
        FROM span_rows
        WHERE kind IN ('server', 'consumer')
          AND started_at >= make_timestamp_ns($from::BIGINT - 1200000000000) AND started_at < make_timestamp_ns($to::BIGINT)
          AND trace_id IN (SELECT trace_id FROM temp.calls_now WHERE request_id IS NULL)
    ) AS request
      ON request.request_trace = call.trace_id AND request.request_service = call.service AND request.request_at <= epoch_ns(call.started_at)
),
matching AS (
    SELECT *
    FROM (
        SELECT called.*, sender.version, sender.environment, sender.platform
        FROM called
        LEFT JOIN (
            SELECT resource_id, any_value(service_version) AS version, any_value(environment) AS environment, any_value(platform) AS platform
            FROM resource_rows
            GROUP BY resource_id
        ) AS sender ON sender.resource_id = called.resource_id
    )
    WHERE TRUE /* conditions */
),
grouped AS (
    SELECT matching.* EXCLUDE (name), /* name */
    FROM matching
    /* joins */
),
parts AS (
    SELECT *, part_of_attos(attos, below, upto, shares) AS part FROM grouped
)
SELECT
    name, step,
    count(*) FILTER (attos IS NULL AND below = 0) AS unpriced_calls,
    sum(part) AS calls,
    sum(part) FILTER (failed) AS calls_in_failed,
    NULL::BIGINT AS least_memory, NULL::BIGINT AS most_memory, NULL::VARCHAR AS architecture
FROM parts
GROUP BY name, step
ORDER BY name NULLS LAST, step
