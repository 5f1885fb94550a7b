-- map_carried_all.sql: as map_carried.sql, of every service and every other side at once.
SELECT
    service, remote_kind, remote_name, sent,
    count(*) AS calls,
    count(records) AS batches, coalesce(sum(records), 0)::BIGINT AS messages, coalesce(max(records), 0)::BIGINT AS most,
    count(*) FILTER (again > 0) AS retried, coalesce(sum(again), 0)::BIGINT AS retries
FROM (
    SELECT
        service, remote_kind, remote_name, kind IN ('client', 'producer') AS sent,
        CASE WHEN records BETWEEN 0 AND 1000000 THEN records END AS records,
        least(greatest(coalesce(resends, 0), 0), 1000) AS again
    FROM span_rows
    WHERE started_at >= make_timestamp_ns($1) AND started_at < make_timestamp_ns($2)
      AND remote_kind IS NOT NULL AND remote_name IS NOT NULL
)
GROUP BY ALL
ORDER BY ALL
