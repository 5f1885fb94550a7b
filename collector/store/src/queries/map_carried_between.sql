-- map_carried_between.sql: as map_carried.sql, of the requests that one service of ours ($4) served for another ($3): how often a call was
-- made again its caller says, how many messages it carried either side. Callers are looked for within an hour.
SELECT
    count(*) AS calls,
    count(records) AS batches, coalesce(sum(records), 0)::BIGINT AS messages, coalesce(max(records), 0)::BIGINT AS most,
    count(*) FILTER (again > 0) AS retried, coalesce(sum(again), 0)::BIGINT AS retries
FROM (
    SELECT
        CASE WHEN coalesce(callee.records, caller.records) BETWEEN 0 AND 1000000 THEN coalesce(callee.records, caller.records) END AS records,
        least(greatest(coalesce(caller.resends, 0), 0), 1000) AS again
    FROM span_rows AS callee
    JOIN span_rows AS caller ON caller.trace_id = callee.trace_id AND caller.span_id = callee.parent_span_id
    WHERE callee.started_at >= make_timestamp_ns($1) AND callee.started_at < make_timestamp_ns($2)
      AND caller.started_at BETWEEN make_timestamp_ns($1 - 3600000000000) AND make_timestamp_ns($2 + 3600000000000)
      AND callee.service = $4 AND caller.service = $3
      AND caller.kind IN ('client', 'producer')
      AND (callee.kind IN ('server', 'consumer') OR callee.kind = 'internal' AND callee.service <> caller.service)
)
