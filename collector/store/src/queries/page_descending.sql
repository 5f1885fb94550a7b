SELECT trace_id, "value" FROM (/* found */)
WHERE "value" < ? OR ("value" = ? AND trace_id > ?)
ORDER BY "value" DESC, trace_id
LIMIT ?
