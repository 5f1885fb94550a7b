-- map_services.sql: requests served by each service in a range of minutes.
SELECT service, any_value(platform) AS platform, bucket,
       sum(calls::BIGINT)::UBIGINT AS calls, sum(errors::BIGINT)::UBIGINT AS errors, sum(faults::BIGINT)::UBIGINT AS faults, sum(throttles::BIGINT)::UBIGINT AS throttles
FROM service_minutes
WHERE minute >= make_timestamp_ns($1) AND minute < make_timestamp_ns($2)
GROUP BY service, bucket
ORDER BY service, bucket
