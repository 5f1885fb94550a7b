-- function_throttles.sql: calls to $function between $from and $to that Lambda turned away, and the service that made most of them.
SELECT sum(calls)::BIGINT AS throttled, arg_max(service, (calls, service)) AS caller
FROM (
    SELECT service, count(*) AS calls
    FROM span_rows
    WHERE throttle AND kind = 'client' AND ((remote_kind = 'lambda' AND remote_name = $function) OR peer_service = $function)
      AND started_at >= make_timestamp_ns($from) AND started_at < make_timestamp_ns($to)
    GROUP BY service
)
