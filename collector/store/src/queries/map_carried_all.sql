-- map_carried_all.sql: as map_carried.sql and map_carried_between.sql, of everybody at once; `between` says which of the two a row is of, and
-- then the other side is the service that was called.
SELECT
    "between", service, remote_kind, remote_name, sent,
    count(*) AS calls,
    count(records) AS batches, coalesce(sum(records), 0)::BIGINT AS messages, coalesce(max(records), 0)::BIGINT AS most,
    count(*) FILTER (again > 0) AS retried, coalesce(sum(again), 0)::BIGINT AS retries
FROM (
    SELECT
        "between", service, remote_kind, remote_name, sent,
        CASE WHEN records BETWEEN 0 AND 1000000 THEN records END AS records,
        least(greatest(coalesce(resends, 0), 0), 1000) AS again
    FROM (
        SELECT FALSE AS "between", service, remote_kind, remote_name, kind IN ('client', 'producer') AS sent, records, resends
        FROM span_rows
        WHERE started_at >= make_timestamp_ns($1) AND started_at < make_timestamp_ns($2)
          AND remote_kind IS NOT NULL AND remote_name IS NOT NULL

        UNION ALL

        SELECT TRUE, caller.service, 'service', callee.service, TRUE, coalesce(callee.records, caller.records), caller.resends
        FROM span_rows AS callee
        JOIN span_rows AS caller ON caller.trace_id = callee.trace_id AND caller.span_id = callee.parent_span_id
        WHERE callee.started_at >= make_timestamp_ns($1) AND callee.started_at < make_timestamp_ns($2)
          AND caller.started_at BETWEEN make_timestamp_ns($1 - 3600000000000) AND make_timestamp_ns($2 + 3600000000000)
          AND caller.kind IN ('client', 'producer')
          AND (callee.kind IN ('server', 'consumer') OR callee.kind = 'internal' AND callee.service <> caller.service)
    )
)
GROUP BY ALL
ORDER BY ALL
