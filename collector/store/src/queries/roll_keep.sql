-- roll_keep.sql: what was counted, added to what is kept of minutes that were counted alike and in place of what is kept of others.
CREATE OR REPLACE TEMP TABLE touched_extent AS
SELECT make_timestamp_ns(min(minute) * 60000000000) AS first_minute, make_timestamp_ns(max(minute) * 60000000000) AS last_minute
FROM temp.touched_minutes;
CREATE OR REPLACE TEMP TABLE summed AS
SELECT
    minute, service, any_value(platform) AS platform, entry, bucket, sum(calls) AS calls, greatest(sum(errors), 0) AS errors,
    greatest(sum(faults), 0) AS faults, greatest(sum(throttles), 0) AS throttles
FROM (
    FROM service_minutes
    WHERE minute BETWEEN (SELECT first_minute FROM touched_extent) AND (SELECT last_minute FROM touched_extent)
      AND epoch_ns(minute) // 60000000000 IN (SELECT minute FROM temp.touched_minutes WHERE NOT whole)
    UNION ALL
    FROM temp.service_counts
)
GROUP BY minute, service, entry, bucket
HAVING sum(calls) > 0;
DELETE FROM service_minutes
WHERE minute BETWEEN (SELECT first_minute FROM touched_extent) AND (SELECT last_minute FROM touched_extent)
  AND epoch_ns(minute) // 60000000000 IN (SELECT minute FROM temp.touched_minutes);
INSERT INTO service_minutes FROM temp.summed;
CREATE OR REPLACE TEMP TABLE summed AS
SELECT
    minute, caller_kind, caller, callee_kind, callee, way, bucket, sum(calls) AS calls, greatest(sum(errors), 0) AS errors,
    greatest(sum(faults), 0) AS faults, greatest(sum(throttles), 0) AS throttles
FROM (
    FROM edge_minutes
    WHERE minute BETWEEN (SELECT first_minute FROM touched_extent) AND (SELECT last_minute FROM touched_extent)
      AND epoch_ns(minute) // 60000000000 IN (SELECT minute FROM temp.touched_minutes WHERE NOT whole)
    UNION ALL
    FROM temp.edge_counts
)
GROUP BY minute, caller_kind, caller, callee_kind, callee, way, bucket
HAVING sum(calls) > 0;
DELETE FROM edge_minutes
WHERE minute BETWEEN (SELECT first_minute FROM touched_extent) AND (SELECT last_minute FROM touched_extent)
  AND epoch_ns(minute) // 60000000000 IN (SELECT minute FROM temp.touched_minutes);
INSERT INTO edge_minutes FROM temp.summed;
DELETE FROM counted_hours WHERE hour IN (SELECT minute // 60 FROM temp.touched_minutes);
DROP TABLE temp.summed;
DROP TABLE temp.touched_extent
