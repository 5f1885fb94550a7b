-- traces_linking.sql: traces whose spans link to a trace named in the first parameter (as in trace_summaries.sql), the first first and at
-- most $2 for each; links are few, so the list column is read only where it is not empty.
SELECT linked, trace_id, service
FROM (
    SELECT linked, trace_id, arg_min(service, started_at) AS service, min(started_at) AS first_at
    FROM (
        SELECT trace_id, service, started_at, unnest(links).trace_id AS linked FROM span_rows WHERE len(links) > 0 /* where it can be */
    )
    WHERE linked IN (SELECT unnest(string_split($1, ','))) AND linked <> trace_id
    GROUP BY linked, trace_id
)
QUALIFY row_number() OVER (PARTITION BY linked ORDER BY first_at, trace_id) <= $2
ORDER BY linked, first_at, trace_id
