-- trace_extents.sql: from when to when the traces named in the first parameter (as in trace_summaries.sql) were under way, in ns, when the
-- last of their spans began, whether a container had a part in them, and whether anything was handed over and not waited for.
SELECT
    trace_id,
    min(epoch_ns(started_at)) AS from_ns,
    max(epoch_ns(started_at)) AS last_ns,
    max(epoch_ns(started_at) + duration_ns) AS to_ns,
    bool_or(resource_id IN (SELECT resource_id FROM container_resources)) AS in_containers,
    bool_or(way <> 'sync') AS handed_over
FROM span_rows
WHERE trace_id IN (SELECT unnest(string_split($1, ','))) /* where it can be */
GROUP BY trace_id
ORDER BY trace_id
