-- call_rows.sql: metered calls of the spans in `rolling`, by minute, as metered_between tells of them (schema/call_costs.sql).
SELECT make_timestamp_ns(minute * 60000000000), service, remote_kind, region, item, half_units, count(*)
FROM (
    SELECT
        *,
        metered_item(remote_kind, remote_name, operation, trigger_source) AS item,
        metered_half_units(
            remote_kind, operation, trigger_source, metered_records(records), call_bytes, consistent_read, metered_capacity(consumed_capacity)
        ) AS half_units
    FROM (
        SELECT
            rolling.*, coalesce(cloud_region, resource.region) AS region,
            metered_operation(rpc_method, db_operation, messaging_operation) AS operation
        FROM rolling
        LEFT JOIN (SELECT resource_id, any_value(cloud_region) AS region FROM resource_rows GROUP BY resource_id) AS resource
            USING (resource_id)
        WHERE NOT throttle AND is_metered(kind, remote_kind) AND (kind = 'server' OR parent_call IS DISTINCT FROM remote_kind)
    )
)
WHERE is_billed(remote_kind, operation, item)
GROUP BY ALL
