-- expire_logs.sql: rows past their keeping.
DELETE FROM log_rows
WHERE (received_at < make_timestamp_ns($1) OR logged_at < make_timestamp_ns($1))
  AND CASE WHEN abs(epoch_ns(logged_at) - epoch_ns(received_at)) < 86400000000000 THEN logged_at ELSE received_at END < make_timestamp_ns($1)
