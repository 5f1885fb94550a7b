-- find_in_trace.sql: spans of a trace that hold a lower-case text anywhere.
SELECT span_id
FROM span_rows
WHERE trace_id = $1 /* where it can be */
  AND contains(
      lower(concat_ws(chr(10), service, name, kind, span_id, status_message, remote_name, scope_name, array_to_string(map_keys(attributes), chr(10)), array_to_string(map_values(attributes), chr(10)),
                      array_to_string(list_transform(events, lambda e: e.name || chr(10) || e.attributes), chr(10)))),
      $2)
ORDER BY started_at, span_id
