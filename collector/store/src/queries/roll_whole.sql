-- roll_whole.sql: how many spans the minutes to be counted anew have in each second, of journal records up to $1.
SELECT epoch_ns(started_at) // 1000000000 AS second, count(*) AS spans
FROM span_rows
WHERE started_at BETWEEN (SELECT make_timestamp_ns(min(minute) * 60000000000) FROM temp.touched_minutes WHERE whole)
                     AND (SELECT make_timestamp_ns(least(max(minute) + 1, 153722867) * 60000000000) FROM temp.touched_minutes WHERE whole)
  AND sequence <= $1
  AND epoch_ns(started_at) // 60000000000 IN (SELECT minute FROM temp.touched_minutes WHERE whole)
GROUP BY second
ORDER BY second
