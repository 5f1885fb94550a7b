-- expire_metrics.sql: rows past their keeping.
DELETE FROM metric_rows
WHERE (received_at < make_timestamp_ns($1) OR "time" < make_timestamp_ns($1))
  AND CASE WHEN abs(epoch_ns("time") - epoch_ns(received_at)) < 86400000000000 THEN "time" ELSE received_at END < make_timestamp_ns($1)
