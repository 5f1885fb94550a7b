-- map_queues.sql: what went into and came out of each queue, topic, bus and stream in the two halves of a range, and how long it waited
-- there where both ends are told, as `deliveries` says it: the sender's in the six hours before the range at most, for no page waits for all
-- that was ever kept. A call that does not say how many messages it carried counts as one; a send that failed as none.
--
-- Senders are looked for by hashes of their ids, and among the few spans that hand over first: of a day of 10 million spans that takes a
-- third of the time. Any other span may be one too (an HTTP call below the SDK's, whose header the queue passed on), so that all are looked
-- through for those still missing.
WITH through AS NOT MATERIALIZED (
    SELECT *, (started_at >= make_timestamp_ns($3))::INTEGER AS half,
           CASE WHEN coalesce(records, 1) = 1 AND sent_ms > 0 THEN sent_ms * 1000000 END AS sent_ns
    FROM span_rows
    WHERE started_at >= make_timestamp_ns($1) AND started_at < make_timestamp_ns($2)
      AND remote_kind IN ('sqs', 'sns', 'eventbridge', 'kinesis', 'messaging') AND remote_name IS NOT NULL
),
flow AS (
    SELECT
        remote_kind, remote_name, half,
        sum(messages) FILTER (kind IN ('client', 'producer') AND way = 'async' AND NOT (error OR fault OR throttle)) AS sent,
        sum(messages) FILTER (kind NOT IN ('client', 'producer')) AS received
    FROM (
        SELECT *, CASE WHEN records BETWEEN 1 AND 1000000 THEN records ELSE 1 END AS messages
        FROM through
        WHERE way <> 'sync'
    )
    GROUP BY ALL
),
received AS MATERIALIZED (
    SELECT remote_kind, remote_name, half, started_at, sent_ns, FALSE AS linked, hash(trace_id, parent_span_id) AS sender
    FROM through
    WHERE parent_span_id IS NOT NULL AND way <> 'sync' AND kind IN ('server', 'consumer')

    UNION ALL

    SELECT remote_kind, remote_name, half, started_at, sent_ns, TRUE, hash(link.trace_id, link.span_id)
    FROM (SELECT *, unnest(links) AS link FROM through WHERE len(links) > 0)
),
senders AS NOT MATERIALIZED (
    SELECT hash(trace_id, span_id) AS id, kind, way, coalesce(epoch_ns(ended_at), epoch_ns(started_at) + duration_ns) AS ended_ns
    FROM span_rows
    WHERE started_at >= make_timestamp_ns($1 - 21600000000000) AND started_at < make_timestamp_ns($2)
),
handed AS MATERIALIZED (
    SELECT received.*, giver.ended_ns
    FROM received
    LEFT JOIN (FROM senders WHERE way <> 'sync' AND kind IN ('client', 'producer')) AS giver ON giver.id = received.sender
),
waits AS (
    SELECT
        remote_kind, remote_name, half, count(*) AS told,
        quantile_cont(waited, 0.5)::BIGINT AS p50, quantile_cont(waited, 0.95)::BIGINT AS p95, max(waited) AS longest
    FROM (
        SELECT remote_kind, remote_name, half, greatest(epoch_ns(started_at) - coalesce(sent_ns, ended_ns), 0) AS waited
        FROM (
            FROM handed WHERE ended_ns IS NOT NULL

            UNION ALL

            SELECT missing.* REPLACE (senders.ended_ns AS ended_ns)
            FROM senders
            JOIN (FROM handed WHERE ended_ns IS NULL) AS missing ON missing.sender = senders.id
            -- A batch's own consumer span is a child of its invocation; that is no delivery.
            WHERE missing.linked OR senders.kind IN ('client', 'producer')
        )
    )
    GROUP BY ALL
)
SELECT
    remote_kind, remote_name, half,
    coalesce(sent, 0)::BIGINT AS sent, coalesce(received, 0)::BIGINT AS received,
    coalesce(told, 0)::BIGINT AS told, coalesce(p50, 0) AS p50, coalesce(p95, 0) AS p95, coalesce(longest, 0) AS longest
FROM flow FULL JOIN waits USING (remote_kind, remote_name, half)
ORDER BY remote_kind, remote_name, half
