-- trace_extent.sql: from when to when a trace was under way, in ns, and whether a container had a part in it; NULL when nothing is here
-- of it.
SELECT
    min(epoch_ns(started_at)) AS from_ns,
    max(epoch_ns(started_at) + duration_ns) AS to_ns,
    coalesce(bool_or(resource_id IN (SELECT resource_id FROM container_resources)), false) AS in_containers
FROM span_rows
WHERE trace_id = $1
