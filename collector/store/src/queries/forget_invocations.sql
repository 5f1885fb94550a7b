-- forget_invocations.sql: the touched requests, as they were told before.
DELETE FROM invocation_rows
WHERE started_at BETWEEN make_timestamp_ns($1) AND make_timestamp_ns($2)
  AND request_id IN (SELECT request_id FROM touched)
