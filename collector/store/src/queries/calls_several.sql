-- calls_several.sql: whether a service is invoked more than once in a trace, of what calls from $from until $to (ns) may belong to.
SELECT count(*) > 0
FROM (
    SELECT 1
    FROM invocation_rows
    WHERE trace_id IS NOT NULL AND /* of calls */ TRUE
      AND started_at >= make_timestamp_ns($from::BIGINT - 1201000000000) AND started_at < make_timestamp_ns($to::BIGINT + 1000000000)
    GROUP BY trace_id, service
    HAVING count(*) > 1
    LIMIT 1
)
