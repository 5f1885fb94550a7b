-- sum_hour_services.sql: what the minutes from $1 until $2 (ns), an hour, say together.
INSERT INTO service_hours
SELECT
    max(minute), service, arg_max(platform, minute), entry, bucket,
    sum(calls::BIGINT), sum(errors::BIGINT), sum(faults::BIGINT), sum(throttles::BIGINT)
FROM service_minutes
WHERE minute >= make_timestamp_ns($1) AND minute < make_timestamp_ns($2)
GROUP BY service, entry, bucket
