-- operations.sql: what one service did, by span name and kind, most frequent first; at most 1,000 names.
WITH named AS (
    SELECT name, kind, greatest(ceil(log2(greatest(duration_ns, 1)) * 8)::INTEGER - 1, 0) AS bucket, error, fault, throttle
    FROM span_rows
    WHERE started_at >= make_timestamp_ns($2) AND started_at < make_timestamp_ns($3) AND service = $1
),
frequent AS (
    SELECT name, kind, count(*) AS total FROM named GROUP BY name, kind ORDER BY total DESC, name, kind LIMIT 1000
)
SELECT name, kind, bucket, count(*)::UBIGINT AS calls, count(*) FILTER (error)::UBIGINT AS errors,
       count(*) FILTER (fault)::UBIGINT AS faults, count(*) FILTER (throttle)::UBIGINT AS throttles, any_value(total) AS total
FROM named JOIN frequent USING (name, kind)
GROUP BY name, kind, bucket
ORDER BY total DESC, name, kind, bucket
