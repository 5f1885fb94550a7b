-- live_running.sql: invocations that began after a time according to the platform, and of which nobody said yet that they ended.
WITH near AS (
    SELECT * FROM platform_rows WHERE reported_at >= make_timestamp_ns($1) AND invocation_id IS NOT NULL
),
ended AS (
    SELECT invocation_id FROM near WHERE kind IN ('runtimeDone', 'report')
    UNION
    SELECT invocation_id FROM span_rows WHERE started_at >= make_timestamp_ns($1) AND invocation_id IS NOT NULL
)
SELECT near.invocation_id, max(epoch_ns(near.reported_at)) AS started_ns, any_value(coalesce(ran."function", ran.service, '')) AS "function"
FROM near
LEFT JOIN resource_rows AS ran ON ran.resource_id = near.resource_id
WHERE near.kind = 'start' AND near.invocation_id NOT IN (SELECT invocation_id FROM ended)
GROUP BY near.invocation_id
ORDER BY started_ns DESC, near.invocation_id
LIMIT $2
