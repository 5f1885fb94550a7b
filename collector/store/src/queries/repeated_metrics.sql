-- repeated_metrics.sql: which of the data points among the fresh ones are kept already.
WITH alike AS MATERIALIZED (
    SELECT fresh.position, fresh.attributes AS fresh_attributes, kept.attributes AS kept_attributes
    FROM /* fresh */ AS fresh
    JOIN metric_rows AS kept
      ON kept."time" = fresh."time" AND kept.name = fresh.name AND kept.resource_id = fresh.resource_id
    WHERE kept."time" BETWEEN make_timestamp_ns($1) AND make_timestamp_ns($2)
)
SELECT position FROM alike WHERE kept_attributes::VARCHAR = fresh_attributes::VARCHAR
