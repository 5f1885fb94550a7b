-- cost_calls.sql: the metered calls begun from $from until $to (ns), whose minutes are to be counted anew.
CREATE OR REPLACE TEMP TABLE calls_now AS
FROM calls_made($from::BIGINT, $to::BIGINT, /* several */ TRUE)
