-- trace_since.sql: how many spans of one trace came with journal records after $counted_from, after $then and after $now. Row groups of
-- earlier records are not looked at.
SELECT count(*) AS counted, count(*) FILTER (sequence > $then) AS since, count(*) FILTER (sequence > $now) AS beyond
FROM span_rows
WHERE trace_id = $trace AND sequence > $counted_from
