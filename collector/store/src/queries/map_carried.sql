-- map_carried.sql: what the spans of one service that name one other side carried, and how often they were made again: as
-- http.request.resend_count says, or retry_attempts of AWS's SDK for Python.
SELECT
    count(*) AS calls,
    count(records) AS batches, coalesce(sum(records), 0)::BIGINT AS messages, coalesce(max(records), 0)::BIGINT AS most,
    count(*) FILTER (again > 0) AS retried, coalesce(sum(again), 0)::BIGINT AS retries
FROM (
    SELECT
        CASE WHEN records BETWEEN 0 AND 1000000 THEN records END AS records,
        least(greatest(coalesce(resends, 0), 0), 1000) AS again
    FROM span_rows
    WHERE started_at >= make_timestamp_ns($1) AND started_at < make_timestamp_ns($2)
      AND service = $3 AND remote_kind = $4 AND remote_name = $5 AND (kind IN ('client', 'producer')) = $6
)
