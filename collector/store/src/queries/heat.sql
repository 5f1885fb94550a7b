-- heat.sql: matching spans by when they started, in slices of time from the first parameter on of the length of the second,
-- and by how long they took.
SELECT
    (epoch_ns(started_at) - ?) // ? AS slice,
    greatest(ceil(log2(greatest(duration_ns, 1)) * 8)::INTEGER - 1, 0) AS bucket,
    count(*) AS spans,
    count(*) FILTER (error) AS errors,
    count(*) FILTER (throttle) AS throttles,
    count(*) FILTER (fault) AS faults
FROM span_rows
WHERE TRUE /* conditions */
GROUP BY slice, bucket
ORDER BY slice, bucket
