-- oldest.sql: the time under which the oldest row is filed: its own when within a day of its receipt, else the receipt.
SELECT epoch_ns(least(
    (SELECT min(CASE WHEN abs(epoch_ns(started_at) - epoch_ns(received_at)) < 86400000000000 THEN started_at ELSE received_at END) FROM span_rows),
    (SELECT min(CASE WHEN abs(epoch_ns(logged_at) - epoch_ns(received_at)) < 86400000000000 THEN logged_at ELSE received_at END) FROM log_rows),
    (SELECT min(CASE WHEN abs(epoch_ns("time") - epoch_ns(received_at)) < 86400000000000 THEN "time" ELSE received_at END) FROM metric_rows)
))
