-- expire_spans.sql: rows past their keeping.
DELETE FROM span_rows
WHERE (received_at < make_timestamp_ns($1) OR started_at < make_timestamp_ns($1))
  AND CASE WHEN abs(epoch_ns(started_at) - epoch_ns(received_at)) < 86400000000000 THEN started_at ELSE received_at END < make_timestamp_ns($1)
