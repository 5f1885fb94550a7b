-- map_services.sql: requests served by each service in a range of minutes.
SELECT service, any_value(platform) AS platform, bucket,
       sum(calls)::UBIGINT AS calls, sum(errors)::UBIGINT AS errors, sum(faults)::UBIGINT AS faults, sum(throttles)::UBIGINT AS throttles
FROM service_minutes
WHERE minute >= make_timestamp_ns($1) AND minute < make_timestamp_ns($2)
GROUP BY service, bucket
ORDER BY service, bucket
