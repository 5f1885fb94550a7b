-- span_names.sql: who a span is, for a link that leads to it.
SELECT service, name, epoch_ns(started_at) AS started_ns, duration_ns
FROM span_rows
WHERE trace_id = $1 /* where it can be */ AND span_id = $2
ORDER BY started_at
LIMIT 1
