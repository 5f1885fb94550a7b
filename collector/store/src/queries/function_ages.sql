-- function_ages.sql: how long what matching invocations were given had waited, in slices of ? ns from ? ns: the median of two dozen of them,
-- equally far apart. Of all of them it would take seconds: when a message was sent is read from attributes.
WITH told AS MATERIALIZED (
    SELECT trace_id, span_id, row_number() OVER (ORDER BY started_at, span_id) AS number, count(*) OVER () AS of
    FROM invocations
    WHERE span_id IS NOT NULL AND "trigger" IN ('pubsub', 'datasource') /* conditions */
),
chosen AS MATERIALIZED (
    SELECT span.rowid AS place
    FROM (SELECT * FROM told WHERE number % ((of + 23) // 24) = 0) AS told
    JOIN span_rows AS span
      ON span.trace_id = told.trace_id AND span.span_id = told.span_id AND span.kind <> 'internal'
     AND span.started_at >= make_timestamp_ns(?) AND span.started_at < make_timestamp_ns(?)
),
-- By itself, so that nothing is asked of the attributes of any other.
said AS MATERIALIZED (
    SELECT started_at, attributes['coldlight.trigger.sent_at'] AS sent FROM span_rows WHERE rowid IN (SELECT place FROM chosen)
)
SELECT
    (epoch_ns(started_at) - ?) // ? AS slot,
    quantile_disc(greatest(epoch_ns(started_at) - sent_ms * 1000000, 0), 0.5)::BIGINT AS age_ns
FROM (SELECT started_at, TRY_CAST(sent AS BIGINT) AS sent_ms FROM said)
WHERE sent_ms BETWEEN 1 AND 9000000000000
GROUP BY slot
ORDER BY slot
