-- traces_begun.sql: which of the traces named in the last parameter (as in trace_summaries.sql) have a matching span.
SELECT DISTINCT trace_id
FROM span_rows
WHERE TRUE /* conditions */
  AND trace_id IN (SELECT unnest(string_split(?, ','))) /* where it can be */
