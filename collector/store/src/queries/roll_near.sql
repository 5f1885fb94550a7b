-- roll_near.sql: the spans begun from $1 to $2 (ns) that are to be counted, and what shares a trace with them and began from $3 to $4, of
-- journal records up to $5. In minutes to be counted anew if $6, else in the others and only of touched traces. Of $7 parts of all traces
-- those of number $8, from 0. Ids are kept as their hashes, half as long: a span is known by two of 64 bits, its trace's and its own.
CREATE OR REPLACE TEMP TABLE near AS
WITH here AS (
    SELECT DISTINCT trace_id
    FROM span_rows
    WHERE started_at BETWEEN make_timestamp_ns($1) AND make_timestamp_ns($2) AND sequence <= $5
      AND /* touched */ TRUE
      AND ($7::UBIGINT = 1 OR hash(trace_id) % $7::UBIGINT = $8::UBIGINT)
)
SELECT sequence, hash(trace_id) AS trace_id, hash(span_id) AS span_id,
       CASE WHEN parent_span_id IS NOT NULL THEN hash(parent_span_id) END AS parent_span_id,
       kind, service, platform, started_at, duration_ns, error, fault, throttle, remote_kind, remote_name, way, invocation_id, epoch_ns(started_at) // 60000000000 AS minute,
       started_at BETWEEN make_timestamp_ns($1) AND make_timestamp_ns($2)
           AND (minute IN (SELECT minute FROM temp.touched_minutes WHERE whole)) = $6 AS is_here
FROM span_rows
WHERE started_at BETWEEN make_timestamp_ns($3) AND make_timestamp_ns($4) AND sequence <= $5
  AND trace_id IN (SELECT trace_id FROM here)
