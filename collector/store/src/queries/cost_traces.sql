-- cost_traces.sql: the traces of the metered calls begun from $from until $to (ns). A table, so that the engine knows how few they are: by its
-- own guess it would hold in memory what is looked through for them.
CREATE OR REPLACE TEMP TABLE called_traces AS
SELECT DISTINCT trace_id
FROM span_rows
WHERE is_metered(kind, remote_kind) AND started_at >= make_timestamp_ns($from::BIGINT) AND started_at < make_timestamp_ns($to::BIGINT)
