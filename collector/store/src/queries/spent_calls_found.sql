-- spent_calls_found.sql: as spent_calls.sql, of the traces in `chosen` alone. The macro then reads their spans instead of all.
WITH span_rows AS MATERIALIZED (
    SELECT *, rowid
    FROM main.span_rows
    WHERE trace_id IN (SELECT trace_id FROM temp.chosen)
      AND started_at >= make_timestamp_ns($from::BIGINT - 300000000000) AND started_at < make_timestamp_ns($to::BIGINT)
)
SELECT
    service AS name, (epoch_ns(started_at) - $from::BIGINT) // $step::BIGINT AS step, sum(attos)::HUGEINT AS calls,
    count(*) FILTER (attos IS NULL) AS unpriced_calls
FROM priced_between($from::BIGINT, $to::BIGINT)
GROUP BY ALL
ORDER BY ALL
