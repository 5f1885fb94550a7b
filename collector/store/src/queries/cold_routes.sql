-- cold_routes.sql: matching cold starts by the route that their trace began with: how many of its requests waited, how long, and what the
-- inits cost. Traces that began from ? until ? ns are counted.
WITH matching AS MATERIALIZED (
    SELECT
        trace_id,
        sum(CASE WHEN start_kind IN ('felt', 'restored', 'suppressed') THEN coalesce(suppressed_init_ms, felt_wait_ms, init_ms, restore_ms) END) AS wait_ms,
        sum(init_cost_usd) AS init_usd,
        count(*) FILTER (cost_usd IS NULL) AS unpriced
    FROM invocations
    WHERE cold_start AND trace_id IS NOT NULL /* conditions */
    GROUP BY trace_id
),
roots AS (
    SELECT
        trace_id, service,
        CASE
            WHEN http_route IS NULL THEN name
            WHEN http_method IS NULL OR starts_with(http_route, http_method) THEN http_route
            ELSE http_method || ' ' || http_route
        END AS route
    FROM span_rows
    WHERE parent_span_id IS NULL AND started_at >= make_timestamp_ns(?) AND started_at < make_timestamp_ns(?)
)
SELECT
    service, route,
    count(*) AS requests,
    count(wait_ms) AS slowed,
    quantile_disc(wait_ms, [0.5, 0.95]) AS added,
    coalesce(sum(init_usd), 0)::DECIMAL(38, 18)::VARCHAR AS init_usd,
    coalesce(sum(unpriced), 0)::BIGINT AS unpriced
FROM roots
LEFT JOIN matching ON matching.trace_id = roots.trace_id
GROUP BY service, route
HAVING count(matching.trace_id) > 0
ORDER BY sum(wait_ms) DESC NULLS LAST, requests DESC, service, route
LIMIT 20
