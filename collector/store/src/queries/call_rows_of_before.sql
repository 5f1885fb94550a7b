-- call_rows_of_before.sql: as call_rows.sql, of all spans there are.
SELECT
    make_timestamp_ns(epoch_ns(started_at) // 60000000000 * 60000000000), service, remote_kind, region, item, half_units, count(*)
FROM billed_between(0, 9000000000000000000)
GROUP BY ALL
