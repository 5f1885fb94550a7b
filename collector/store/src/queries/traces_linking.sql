-- traces_linking.sql: traces whose spans link to one trace, the first first; links are few, so the list column is read only where it is
-- not empty.
SELECT trace_id, arg_min(service, started_at) AS service
FROM span_rows
WHERE len(links) > 0 AND trace_id <> $1 AND len(list_filter(links, lambda l: l.trace_id = $1)) > 0
GROUP BY trace_id
ORDER BY min(started_at), trace_id
LIMIT $2
