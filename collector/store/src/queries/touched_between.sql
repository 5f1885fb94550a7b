-- touched_between.sql: when the first and the last happened of what speaks of a request, or of a call, in journal records after $1 up to $2.
SELECT min(seen_ns) AS first_ns, max(seen_ns) AS last_ns
FROM (
    SELECT epoch_ns(started_at) AS seen_ns FROM span_rows WHERE sequence > $1 AND sequence <= $2
      AND (invocation_id IS NOT NULL OR kind IN ('client', 'producer'))
    UNION ALL
    SELECT epoch_ns(reported_at) FROM platform_rows WHERE sequence > $1 AND sequence <= $2
)
