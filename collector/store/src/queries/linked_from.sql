-- linked_from.sql: spans anywhere that link to one span; at most 100. Links are few, so the list column is read only
-- where it is not empty.
SELECT trace_id, span_id, service, name, epoch_ns(started_at) AS started_ns, duration_ns
FROM span_rows
WHERE len(links) > 0 /* where it can be */
  AND len(list_filter(links, lambda l: l.trace_id = $1 AND l.span_id = $2)) > 0
ORDER BY started_at, trace_id, span_id
LIMIT 100
