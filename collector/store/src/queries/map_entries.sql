-- map_entries.sql: requests from outside over time, in slices of $3 nanoseconds from $1 on.
SELECT
    (epoch_ns(minute) - $1) // $3 AS bin, bucket,
    sum(calls::BIGINT)::UBIGINT AS calls, sum(errors::BIGINT)::UBIGINT AS errors, sum(faults::BIGINT)::UBIGINT AS faults, sum(throttles::BIGINT)::UBIGINT AS throttles
FROM service_minutes
WHERE minute >= make_timestamp_ns($1) AND minute < make_timestamp_ns($2) AND entry
GROUP BY bin, bucket
ORDER BY bin, bucket
