-- spent_sampled.sql: whether an invocation begun from ? until ? (ns) stands for more than itself.
SELECT count(*) > 0
FROM invocation_rows
WHERE stands_for > 1000000 AND started_at >= make_timestamp_ns(?) AND started_at < make_timestamp_ns(?)
