-- sum_hour_edges.sql: as sum_hour_services.sql, of calls.
INSERT INTO edge_hours
SELECT
    max(minute), caller_kind, caller, callee_kind, callee, way, bucket,
    sum(calls::BIGINT), sum(errors::BIGINT), sum(faults::BIGINT), sum(throttles::BIGINT)
FROM edge_minutes
WHERE minute >= make_timestamp_ns($1) AND minute < make_timestamp_ns($2)
GROUP BY caller_kind, caller, callee_kind, callee, way, bucket
