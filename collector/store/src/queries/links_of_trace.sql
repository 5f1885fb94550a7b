-- links_of_trace.sql: to which other traces the spans of one trace link, and how often.
SELECT linked, count(*) AS links
FROM (SELECT unnest(links).trace_id AS linked FROM span_rows WHERE trace_id = $1 AND len(links) > 0)
WHERE linked <> $1
GROUP BY linked
ORDER BY linked
