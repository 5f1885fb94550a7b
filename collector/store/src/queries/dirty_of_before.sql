-- dirty_of_before.sql: every minute of which something is kept.
INSERT INTO cost_dirty
SELECT DISTINCT make_timestamp_ns(minute * 60000000000)
FROM (
    SELECT epoch_ns(started_at) // 60000000000 AS minute FROM span_rows
    UNION ALL
    SELECT epoch_ns(started_at) // 60000000000 FROM invocation_rows
)
WHERE minute < 153722000
