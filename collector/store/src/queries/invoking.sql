-- invoking.sql: the spans that say they are one of the touched requests, begun from $1 to $2 (ns), with all that an invocation is told by.
CREATE OR REPLACE TEMP TABLE invoking AS
SELECT
    invocation_id, trace_id, span_id, kind, started_at, duration_ns, cold_start, fault, error_type, memory_mb, stands_for, resource_id,
    service, "function", function_arn, function_version, function_instance, cloud_region, cloud_account_id, http_route, faas_trigger, way,
    records, tenant
FROM span_rows
WHERE started_at BETWEEN make_timestamp_ns($1) AND make_timestamp_ns($2)
  AND invocation_id IN (SELECT request_id FROM temp.touched)
