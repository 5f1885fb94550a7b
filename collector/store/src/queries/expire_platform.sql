-- expire_platform.sql: rows past their keeping.
DELETE FROM platform_rows
WHERE (received_at < make_timestamp_ns($1) OR reported_at < make_timestamp_ns($1))
  AND CASE WHEN abs(epoch_ns(reported_at) - epoch_ns(received_at)) < 86400000000000 THEN reported_at ELSE received_at END < make_timestamp_ns($1)
