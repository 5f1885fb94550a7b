-- map_queues.sql: what went into and came out of each queue, topic, bus and stream in the two halves of a range, and how long it waited
-- there where both ends are told: the sender's in the six hours before the range at most, for no page waits for all that was ever kept. A
-- call that does not say how many messages it carried counts as one; a send that failed as none.
WITH flow AS (
    SELECT
        remote_kind, remote_name, (started_at >= make_timestamp_ns($3))::INTEGER AS half,
        sum(messages) FILTER (kind IN ('client', 'producer') AND way = 'async' AND NOT (error OR fault OR throttle)) AS sent,
        sum(messages) FILTER (kind NOT IN ('client', 'producer')) AS received
    FROM (
        SELECT *, CASE WHEN records BETWEEN 1 AND 1000000 THEN records ELSE 1 END AS messages
        FROM span_rows
        WHERE started_at >= make_timestamp_ns($1) AND started_at < make_timestamp_ns($2)
          AND remote_kind IN ('sqs', 'sns', 'eventbridge', 'kinesis', 'messaging') AND remote_name IS NOT NULL AND way <> 'sync'
    )
    GROUP BY ALL
),
waits AS (
    SELECT
        through_kind AS remote_kind, through AS remote_name, (started_at >= make_timestamp_ns($3))::INTEGER AS half,
        count(*) AS told,
        (quantile_cont(waited_ms, 0.5) * 1e6)::BIGINT AS p50, (quantile_cont(waited_ms, 0.95) * 1e6)::BIGINT AS p95,
        (max(waited_ms) * 1e6)::BIGINT AS longest
    FROM deliveries
    WHERE started_at >= make_timestamp_ns($1) AND started_at < make_timestamp_ns($2)
      AND sender_started_at >= make_timestamp_ns($1 - 21600000000000)
      AND through_kind IN ('sqs', 'sns', 'eventbridge', 'kinesis', 'messaging') AND through IS NOT NULL
    GROUP BY ALL
)
SELECT
    remote_kind, remote_name, half,
    coalesce(sent, 0)::BIGINT AS sent, coalesce(received, 0)::BIGINT AS received,
    coalesce(told, 0)::BIGINT AS told, coalesce(p50, 0) AS p50, coalesce(p95, 0) AS p95, coalesce(longest, 0) AS longest
FROM flow FULL JOIN waits USING (remote_kind, remote_name, half)
ORDER BY remote_kind, remote_name, half
