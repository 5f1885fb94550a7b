-- links_of_traces.sql: to which other traces the spans of each trace named in the first parameter (as in trace_summaries.sql) link, and
-- how often.
SELECT trace_id, linked, count(*) AS links
FROM (
    SELECT trace_id, unnest(links).trace_id AS linked
    FROM span_rows
    WHERE trace_id IN (SELECT unnest(string_split($1, ','))) AND len(links) > 0 /* where it can be */
)
WHERE linked <> trace_id
GROUP BY trace_id, linked
ORDER BY trace_id, linked
