-- vocabulary.sql: what filters can say of the spans of a day: values of each field, the more frequent first. Services are
-- all there, by their requests; of the rest, what a sample of the spans has. Parameters: from when on, and one of how many spans.
WITH picked AS MATERIALIZED (
    SELECT name, faas_trigger, coalesce("function", '') AS "function", function_version, tenant, cloud_region, resource_id, attributes
    FROM span_rows
    WHERE started_at >= make_timestamp_ns($1) AND hash(trace_id, span_id) % $2::UBIGINT = 0
),
told AS (
    SELECT unnest(['name', 'trigger', 'function', 'version', 'tenant', 'region']) AS field,
           unnest([name, faas_trigger, "function", function_version, tenant, cloud_region]) AS "value", 1 AS spans
    FROM picked
    UNION ALL
    SELECT 'attr.' || entry.key, entry.value, 1
    FROM (SELECT unnest(map_entries(attributes)) AS entry FROM picked)
    UNION ALL
    SELECT 'attr.' || entry.key, entry.value, spans
    FROM (
        SELECT unnest(map_entries(attributes)) AS entry, spans
        FROM (SELECT resource_id, count(*) AS spans FROM picked GROUP BY resource_id) JOIN resource_rows USING (resource_id)
    )
    UNION ALL
    SELECT unnest(['version', 'region', 'runtime']), unnest([service_version, cloud_region, runtime]), spans
    FROM (SELECT resource_id, count(*) AS spans FROM picked GROUP BY resource_id) JOIN resource_rows USING (resource_id)
    UNION ALL
    SELECT 'service', service, sum(calls)::BIGINT FROM service_minutes WHERE minute >= make_timestamp_ns($1) GROUP BY service
),
by_value AS (
    SELECT field, "value", sum(spans)::BIGINT AS spans
    FROM told
    WHERE length("value") BETWEEN 1 AND 100 AND length(field) <= 100
    GROUP BY field, "value"
),
fields AS (
    SELECT field, sum(spans) AS total FROM by_value GROUP BY field ORDER BY total DESC, field LIMIT 300
)
SELECT field, "value", spans
FROM by_value JOIN fields USING (field)
QUALIFY row_number() OVER (PARTITION BY field ORDER BY spans DESC, "value") <= CASE WHEN starts_with(field, 'attr.') THEN 20 ELSE 200 END
ORDER BY total DESC, field, spans DESC, "value"
