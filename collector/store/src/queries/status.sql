-- status.sql: how much is kept, and from when to when. Counts and extremes come from the tables' own statistics.
SELECT
    (SELECT count(*) FROM span_rows)::UBIGINT AS spans,
    (SELECT count(*) FROM log_rows)::UBIGINT AS logs,
    (SELECT count(*) FROM metric_rows)::UBIGINT AS metric_points,
    (SELECT count(*) FROM resource_rows)::UBIGINT AS resources,
    (SELECT epoch_ns(max(started_at)) FROM span_rows) AS newest_ns,
    (SELECT epoch_ns(min(started_at)) FROM span_rows) AS oldest_ns
