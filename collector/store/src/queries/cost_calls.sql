-- cost_calls.sql: the metered calls begun from $from until $to (ns), whose minutes are to be counted anew. The macro reads what is of the calls'
-- traces: where much comes, all that lies minutes before them would not fit into memory.
CREATE OR REPLACE TEMP TABLE calls_now AS
WITH invocation_rows AS NOT MATERIALIZED (
    SELECT *
    FROM main.invocation_rows
    WHERE /* of calls */ TRUE
),
span_rows AS NOT MATERIALIZED (
    SELECT *, rowid
    FROM main.span_rows
    WHERE /* of calls */ TRUE
)
FROM calls_made($from::BIGINT, $to::BIGINT, /* several */ TRUE)
