-- rank_of_span.sql: how many spans of one service, name and kind began in a range of time, and how many took less than one did.
SELECT count(*) AS alike, count(*) FILTER (duration_ns < $duration) AS faster
FROM span_rows
WHERE service = $service AND "name" = $name AND kind = $kind
  AND started_at >= make_timestamp_ns($from) AND started_at < make_timestamp_ns($to)
