-- repeated_spans.sql: which of the spans among the fresh ones are kept already, looked for only where they could be: in their own time
-- range. A repeat is equal in all four parts of the key.
SELECT fresh.position
FROM /* fresh */ AS fresh
JOIN span_rows AS kept
  ON kept.started_at = fresh.started_at
 AND kept.span_id = fresh.span_id
 AND kept.trace_id = fresh.trace_id
 AND kept.kind = fresh.kind
WHERE kept.started_at BETWEEN make_timestamp_ns($1) AND make_timestamp_ns($2)
