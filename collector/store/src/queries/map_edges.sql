-- map_edges.sql: calls from node to node in a range of minutes. What a service runs on may change between two spans; a
-- node has one kind, the latest said. Minutes are summed first, kinds are looked at in what is left.
SELECT
    arg_max(caller_kind, latest) AS caller_kind, caller, arg_max(callee_kind, latest) AS callee_kind, callee, way, bucket,
    sum(calls::BIGINT)::UBIGINT AS calls, sum(errors::BIGINT)::UBIGINT AS errors, sum(faults::BIGINT)::UBIGINT AS faults, sum(throttles::BIGINT)::UBIGINT AS throttles
FROM (
    SELECT
        caller_kind, caller, callee_kind, callee, way, bucket, max(minute) AS latest,
        sum(calls::BIGINT) AS calls, sum(errors::BIGINT) AS errors, sum(faults::BIGINT) AS faults, sum(throttles::BIGINT) AS throttles,
        caller_kind IN ('service', 'lambda', 'ecs', 'eks', 'ec2') AS caller_serves,
        callee_kind IN ('service', 'lambda', 'ecs', 'eks', 'ec2') AS callee_serves
    FROM edge_minutes
    WHERE minute >= make_timestamp_ns($1) AND minute < make_timestamp_ns($2)
    GROUP BY caller_kind, caller, callee_kind, callee, way, bucket
)
GROUP BY caller, CASE WHEN caller_serves THEN '' ELSE caller_kind END, callee, CASE WHEN callee_serves THEN '' ELSE callee_kind END, way, bucket
ORDER BY caller, callee, way, bucket
