-- trace_summaries.sql: what a list shows of the traces named in the first parameter, a comma-separated text of ids.
SELECT
    trace_id,
    arg_min(service, (parent_span_id IS NOT NULL, started_at)) AS root_service,
    arg_min(platform, (parent_span_id IS NOT NULL, started_at)) AS root_platform,
    arg_min(name, (parent_span_id IS NOT NULL, started_at)) AS root_name,
    bool_or(parent_span_id IS NULL) AS has_root,
    epoch_ns(min(started_at)) AS started_ns,
    arg_min(duration_ns, (parent_span_id IS NOT NULL, started_at)) AS response_ns,
    (max(epoch_ns(started_at) + duration_ns) - epoch_ns(min(started_at)))::BIGINT AS completed_ns,
    count(*) AS spans,
    list(DISTINCT service ORDER BY service) AS services,
    count(*) FILTER (error) AS errors,
    count(*) FILTER (fault) AS faults,
    count(*) FILTER (throttle) AS throttles
FROM span_rows
WHERE trace_id IN (SELECT unnest(string_split($1, ',')))
  AND started_at BETWEEN make_timestamp_ns($2) AND make_timestamp_ns($3) /* where it can be */
GROUP BY trace_id
