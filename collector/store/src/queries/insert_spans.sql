-- insert_spans.sql: spans that are not kept yet, looked for only where they could be: in the time range of the batch.
-- Exporters resend whole requests after a lost answer, so a repeat is equal in all four parts of the key.
INSERT INTO span_rows BY NAME
SELECT * REPLACE (attributes::JSON::VARIANT AS attributes)
FROM arrow($1) AS fresh
WHERE NOT EXISTS (
    SELECT 1
    FROM span_rows AS kept
    WHERE kept.started_at BETWEEN make_timestamp_ns($2) AND make_timestamp_ns($3)
      AND kept.started_at = fresh.started_at
      AND kept.span_id = fresh.span_id
      AND kept.trace_id = fresh.trace_id
      AND kept.kind = fresh.kind
)
