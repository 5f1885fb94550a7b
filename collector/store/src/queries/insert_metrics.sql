-- insert_metrics.sql: data points that are not kept yet.
INSERT INTO metric_rows BY NAME
SELECT * REPLACE (attributes::JSON::VARIANT AS attributes)
FROM arrow($1) AS fresh
WHERE NOT EXISTS (
    SELECT 1
    FROM metric_rows AS kept
    WHERE kept."time" BETWEEN make_timestamp_ns($2) AND make_timestamp_ns($3)
      AND kept."time" = fresh."time"
      AND kept.name = fresh.name
      AND kept.resource_id = fresh.resource_id
      AND kept.attributes::VARCHAR = (fresh.attributes::JSON::VARIANT)::VARCHAR
)
