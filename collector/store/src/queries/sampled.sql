-- sampled.sql: how many traces that began from ? until ? ns stand for more than themselves, as their roots say, and for how many millionths
-- besides.
SELECT count(*) AS kept, coalesce(sum(stands_for - 1000000), 0)::HUGEINT AS beyond
FROM span_rows
WHERE parent_span_id IS NULL AND stands_for > 1000000
  AND started_at >= make_timestamp_ns(?) AND started_at < make_timestamp_ns(?) /* traces */
