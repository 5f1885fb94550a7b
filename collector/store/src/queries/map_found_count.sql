-- map_found_count.sql: how many traces have a matching span.
SELECT count(DISTINCT trace_id) FROM span_rows WHERE TRUE /* conditions */
