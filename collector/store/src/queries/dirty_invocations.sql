-- dirty_invocations.sql: the minutes of the touched requests as they are told just now, and of the calls they made meanwhile.
INSERT INTO cost_dirty
SELECT DISTINCT make_timestamp_ns(minute * 60000000000)
FROM (
    SELECT unnest(range(
        epoch_ns(started_at) // 60000000000, (epoch_ns(started_at) + least(coalesce(duration_ns, 0), 900000000000)) // 60000000000 + 1
    )) AS minute
    FROM invocation_rows
    WHERE started_at BETWEEN make_timestamp_ns($1) AND make_timestamp_ns($2)
      AND request_id IN (SELECT request_id FROM touched)
)
WHERE minute < 153722000
