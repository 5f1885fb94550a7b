-- trace_histogram.sql: matching traces by when their first matching span started, and how they went.
SELECT
    ("value" - ?) // ? AS bin,
    count(*) FILTER (NOT (error OR fault OR throttle)) AS ok,
    count(*) FILTER (error AND NOT fault AND NOT throttle) AS errors,
    count(*) FILTER (throttle AND NOT fault) AS throttles,
    count(*) FILTER (fault) AS faults
FROM (
    SELECT trace_id, epoch_ns(min(started_at)) AS "value", bool_or(error) AS error, bool_or(fault) AS fault, bool_or(throttle) AS throttle
    FROM span_rows
    WHERE TRUE /* conditions */
    GROUP BY trace_id
)
GROUP BY bin
ORDER BY bin
