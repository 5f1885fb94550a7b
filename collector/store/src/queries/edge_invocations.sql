-- edge_invocations.sql: what invocations begun from $1 to $2 (ns) cost, by the edge over which they came, in 10^-18 USD: from a caller of ours
-- (`between`, and then the other side is the service that was called), else from the queue, gateway or other source that their span names, or
-- the CONSUMER inside them. Each is of one edge; of those that nobody sent nothing is told. The other spans are looked for within an hour.
WITH invoked AS (
    SELECT
        request_id, trace_id, span_id, service, outcome <> 'ok' AS has_failed, cold_start, cost_state, cost_attos,
        request_attos, own_attos, waiting_attos, init_attos, flush_attos, storage_attos, streamed_attos, restore_attos
    FROM invocation_parts
    WHERE started_at >= make_timestamp_ns($1) AND started_at < make_timestamp_ns($2) AND span_id IS NOT NULL /* conditions */
),
near AS (
    SELECT trace_id, span_id, parent_span_id, service, kind, invocation_id, remote_kind, remote_name, way
    FROM span_rows
    WHERE started_at BETWEEN make_timestamp_ns($1 - 3600000000000) AND make_timestamp_ns($2 + 3600000000000)
      AND trace_id IN (SELECT trace_id FROM invoked)
),
came AS (
    SELECT
        invoked.* EXCLUDE (service),
        coalesce(
            (served.remote_kind IS NULL OR served.way = 'sync') AND (caller.service <> invoked.service OR caller.kind IN ('client', 'producer')),
            FALSE
        ) AS "between",
        invoked.service AS callee, caller.service AS caller,
        coalesce(served.remote_kind, inside.remote_kind) AS remote_kind, coalesce(served.remote_name, inside.remote_name) AS remote_name
    FROM invoked
    JOIN near AS served
      ON served.trace_id = invoked.trace_id AND served.span_id = invoked.span_id AND served.invocation_id = invoked.request_id
    LEFT JOIN near AS caller ON caller.trace_id = served.trace_id AND caller.span_id = served.parent_span_id
    LEFT JOIN (FROM near WHERE kind = 'consumer' AND remote_kind IS NOT NULL) AS inside
      ON inside.trace_id = served.trace_id AND inside.parent_span_id = served.span_id AND inside.service = invoked.service
    -- Some senders give two spans one id; an invocation is counted once all the same.
    QUALIFY row_number() OVER (PARTITION BY invoked.request_id, invoked.trace_id, invoked.span_id ORDER BY served.kind = 'server' DESC, inside.remote_name) = 1
)
SELECT
    "between",
    CASE WHEN "between" THEN caller ELSE callee END AS service,
    CASE WHEN "between" THEN 'service' ELSE remote_kind END AS remote_kind,
    CASE WHEN "between" THEN callee ELSE remote_name END AS remote_name,
    "between" AS sent,
    count(*) AS invocations,
    count(*) FILTER (has_failed) AS failed,
    count(*) FILTER (cold_start) AS cold,
    count(*) FILTER (cost_attos IS NULL) AS unpriced,
    sum(request_attos) FILTER (cost_attos IS NOT NULL) AS requests,
    sum(own_attos) FILTER (cost_attos IS NOT NULL) AS own,
    sum(waiting_attos) FILTER (cost_attos IS NOT NULL) AS waiting,
    sum(init_attos) FILTER (cost_attos IS NOT NULL) AS init,
    sum(flush_attos) FILTER (cost_attos IS NOT NULL) AS flush,
    sum(storage_attos) FILTER (cost_attos IS NOT NULL) AS storage,
    sum(streamed_attos) FILTER (cost_attos IS NOT NULL) AS streamed,
    sum(restore_attos) FILTER (cost_attos IS NOT NULL) AS restore,
    sum(cost_attos) FILTER (has_failed) AS in_failed,
    sum(cost_attos) FILTER (cost_state = 'reported') AS reported,
    0 AS sampled, 0::HUGEINT AS left_out, 0::HUGEINT AS left_out_attos, 0::HUGEINT AS calls, 0 AS unpriced_calls, 0::HUGEINT AS calls_in_failed
FROM came
WHERE "between" OR remote_name IS NOT NULL
GROUP BY ALL
ORDER BY ALL
