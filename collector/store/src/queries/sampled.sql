-- sampled.sql: how many traces that began from ? until ? ns stand for more than themselves, by what their root's trace state says. The rest of a
-- trace state is random, so only what tells the rate is read of it. Attributes that tell a rate are not read: it would take seconds.
SELECT regexp_extract(trace_state, 'ot=(?:[^,]*;)?(th:[0-9a-f]+|p:[0-9]+)', 1) AS said, count(*) AS traces
FROM span_rows
WHERE parent_span_id IS NULL AND trace_state <> ''
  AND started_at >= make_timestamp_ns(?) AND started_at < make_timestamp_ns(?) /* traces */
GROUP BY said
HAVING said <> ''
LIMIT 1000
