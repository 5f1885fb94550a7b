-- roll_seconds.sql: how many spans of the touched traces began in each second from $1 until $2 (ns), of journal records up to $3.
CREATE OR REPLACE TEMP TABLE touched_seconds AS
SELECT epoch_ns(started_at) // 1000000000 AS second, count(*) AS spans
FROM span_rows
WHERE started_at BETWEEN make_timestamp_ns($1) AND make_timestamp_ns($2) AND sequence <= $3
  AND trace_id IN (SELECT trace_id FROM temp.touched_traces)
GROUP BY second
