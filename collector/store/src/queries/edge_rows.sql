-- edge_rows.sql: calls of the spans in `rolling`, by minute.
--
-- Three kinds of edges: from a caller of ours to the service of ours that answered (drawn from the callee's span, with the
-- duration the caller saw); from a source that sends no spans, such as a queue or an API gateway, to the service it
-- called; from a service to what it called that sends no spans. A call through a queue is two edges that meet in the queue.
SELECT
    make_timestamp_ns(minute * 60000000000), caller_kind, caller, callee_kind, callee, way,
    greatest(ceil(log2(greatest(duration_ns, 1)) * 8)::INTEGER - 1, 0) AS bucket,
    count(*), count(*) FILTER (error), count(*) FILTER (fault), count(*) FILTER (throttle)
FROM (
    SELECT
        minute,
        parent_platform AS caller_kind, parent_service AS caller, platform AS callee_kind, service AS callee,
        CASE WHEN parent_kind = 'producer' THEN 'async' ELSE way END AS way,
        CASE WHEN parent_kind = 'producer' THEN greatest(epoch_ns(started_at) - epoch_ns(parent_started_at), 0)
             WHEN parent_kind = 'client' THEN parent_duration_ns
             ELSE duration_ns END AS duration_ns,
        error, fault, throttle
    FROM rolling
    WHERE request AND parent_service IS NOT NULL AND (remote_kind IS NULL OR way = 'sync')
      AND (parent_service <> service OR parent_kind IN ('client', 'producer'))

    UNION ALL

    SELECT
        minute, remote_kind, remote_name, platform, service, way,
        CASE WHEN parent_kind = 'producer' THEN greatest(epoch_ns(started_at) - epoch_ns(parent_started_at), 0) ELSE duration_ns END,
        error, fault, throttle
    FROM rolling
    WHERE request AND remote_kind IS NOT NULL AND kind NOT IN ('client', 'producer') AND (parent_service IS NULL OR way <> 'sync')

    UNION ALL

    -- The CONSUMER inside an invocation names the queue that the invocation itself does not.
    SELECT
        minute, remote_kind, remote_name, platform, service, way, duration_ns, error, fault, throttle
    FROM rolling
    WHERE NOT request AND kind = 'consumer' AND remote_kind IS NOT NULL AND parent_kind IN ('server', 'internal')

    UNION ALL

    SELECT
        minute, platform, service, remote_kind, remote_name, way, duration_ns, error, fault, throttle
    FROM rolling
    WHERE kind IN ('client', 'producer') AND remote_kind IS NOT NULL AND NOT answered
      -- An HTTP call that an AWS SDK call made is that call's own business.
      AND NOT (parent_kind IN ('client', 'producer') AND parent_service = service AND parent_remote_kind IS NOT NULL)
)
GROUP BY ALL
