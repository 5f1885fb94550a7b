-- repeated_logs.sql: which of the log records among the fresh ones are kept already. A record has no id, so a repeat is one that is equal
-- in everything that identifies it: when, where and what it says. Two equal records of one request are two:
-- the request is asked about before any of it is inserted.
WITH alike AS MATERIALIZED (
    SELECT fresh.position, fresh.attributes AS fresh_attributes, kept.attributes AS kept_attributes
    FROM /* fresh */ AS fresh
    JOIN log_rows AS kept
      ON kept.logged_at = fresh.logged_at
     AND kept."time" IS NOT DISTINCT FROM fresh."time"
     AND kept.observed_at IS NOT DISTINCT FROM fresh.observed_at
     AND kept.resource_id = fresh.resource_id
     AND kept.trace_id IS NOT DISTINCT FROM fresh.trace_id
     AND kept.span_id IS NOT DISTINCT FROM fresh.span_id
     AND kept.severity_number = fresh.severity_number
     AND kept.event_name = fresh.event_name
     AND kept.body IS NOT DISTINCT FROM fresh.body
    WHERE kept.logged_at BETWEEN make_timestamp_ns($1) AND make_timestamp_ns($2)
)
-- Apart from the join, so that only what is alike is written out as text.
SELECT position FROM alike WHERE kept_attributes::VARCHAR = fresh_attributes::VARCHAR
