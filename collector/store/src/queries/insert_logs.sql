-- insert_logs.sql: log records that are not kept yet. A record has no id, so a repeat is one that is equal in everything
-- that identifies it: when, where and what it says.
INSERT INTO log_rows BY NAME
SELECT * REPLACE (attributes::JSON::VARIANT AS attributes)
FROM arrow($1) AS fresh
WHERE NOT EXISTS (
    SELECT 1
    FROM log_rows AS kept
    WHERE kept.logged_at BETWEEN make_timestamp_ns($2) AND make_timestamp_ns($3)
      AND kept.logged_at = fresh.logged_at
      AND kept."time" IS NOT DISTINCT FROM fresh."time"
      AND kept.observed_at IS NOT DISTINCT FROM fresh.observed_at
      AND kept.resource_id = fresh.resource_id
      AND kept.trace_id IS NOT DISTINCT FROM fresh.trace_id
      AND kept.span_id IS NOT DISTINCT FROM fresh.span_id
      AND kept.severity_number = fresh.severity_number
      AND kept.event_name = fresh.event_name
      AND kept.body IS NOT DISTINCT FROM fresh.body
      AND kept.attributes::VARCHAR = (fresh.attributes::JSON::VARIANT)::VARCHAR
      AND kept.sequence <> fresh.sequence
)
