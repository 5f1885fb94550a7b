-- touched_between.sql: an hour around everything just seen of the touched requests, in nanoseconds held to what a timestamp can say.
SELECT min(seen_ns) - 3600000000000 AS low, least(max(seen_ns), 9223368000000000000) + 3600000000000 AS high
FROM (
    SELECT epoch_ns(started_at) AS seen_ns FROM span_rows WHERE sequence > $1 AND sequence <= $2
      AND (invocation_id IS NOT NULL OR kind IN ('client', 'producer'))
    UNION ALL
    SELECT epoch_ns(reported_at) FROM platform_rows WHERE sequence > $1 AND sequence <= $2
)
