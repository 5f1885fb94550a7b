-- What messages and requests to managed services cost: what AWS bills for the hop itself, told from the span that made it.

-- How calls begun from asked_from to asked_to (ns) are metered: units of a priced item, in halves, because an eventually consistent read is
-- half a unit. What nobody said is taken to be as small as it can be, and is_least says so.
CREATE OR REPLACE MACRO metered_between(asked_from, asked_to) AS TABLE
WITH said AS (
    SELECT
        trace_id, span_id, CASE WHEN kind <> 'server' THEN parent_span_id END AS called_in, resource_id, started_at, duration_ns,
        span.service, span.name, kind, error OR fault AS failed, http_route, remote_kind, remote_name, tenant,
        coalesce(span.cloud_region, resource.region) AS region,
        lower(coalesce(rpc_method, db_operation, messaging_operation, '')) AS operation,
        -- Strangers' numbers, kept small enough to be multiplied.
        greatest(least(coalesce(records, 1), 1000000), 1) AS records,
        call_bytes AS bytes,
        trigger_source,
        consistent_read AS consistent,
        TRY_CAST(consumed_capacity AS DECIMAL(18, 1)) AS capacity
    FROM span_rows AS span
    LEFT JOIN (SELECT resource_id, any_value(cloud_region) AS region FROM resource_rows GROUP BY resource_id) AS resource
        USING (resource_id)
    WHERE NOT throttle
      AND started_at >= make_timestamp_ns(asked_from) AND started_at < make_timestamp_ns(asked_to)
      AND ((kind IN ('client', 'producer') AND remote_kind IN ('sqs', 'sns', 'eventbridge', 'stepfunctions', 'dynamodb', 's3'))
        OR (kind = 'server' AND remote_kind = 'apigateway'))
),
-- A producer span and the SDK's own span inside it are one call; it began within two hours before.
calls AS (
    SELECT said.*
    FROM said
    ANTI JOIN (
        SELECT trace_id, span_id, remote_kind
        FROM span_rows
        WHERE kind IN ('client', 'producer') AND remote_kind IS NOT NULL
          AND started_at >= make_timestamp_ns(asked_from - 7200000000000) AND started_at < make_timestamp_ns(asked_to)
    ) AS outer_call
      ON outer_call.trace_id = said.trace_id AND outer_call.span_id = said.called_in AND outer_call.remote_kind = said.remote_kind
)
SELECT
    * EXCLUDE (called_in, consistent, capacity, trigger_source),
    -- What the price book calls it; NULL: not metered, or nobody can tell.
    CASE remote_kind
        WHEN 'sqs' THEN CASE WHEN ends_with(remote_name, '.fifo') THEN 'request_fifo' ELSE 'request_standard' END
        WHEN 'sns' THEN CASE WHEN operation = '' OR regexp_matches(operation, '^(publish|send|create)') THEN 'publish' END
        WHEN 'eventbridge' THEN CASE WHEN operation = '' OR regexp_matches(operation, '^(putevents|publish|send|create)') THEN 'custom_event' END
        WHEN 'stepfunctions' THEN CASE operation WHEN 'startsyncexecution' THEN 'express_request' END
        WHEN 'dynamodb' THEN CASE
            WHEN regexp_matches(operation, '^(put|update|delete)item$|^(batch|transact)write') THEN 'write_request_unit'
            WHEN regexp_matches(operation, '^(getitem|query|scan)$|^(batch|transact)get') THEN 'read_request_unit'
        END
        WHEN 's3' THEN CASE
            WHEN regexp_matches(operation, '^(put|copy|post|list|create|complete|upload)') THEN 'put_request'
            WHEN regexp_matches(operation, '^(get|head|select)') THEN 'get_request'
        END
        WHEN 'apigateway' THEN CASE trigger_source
            WHEN 'api-gateway-rest' THEN 'rest_request'
            WHEN 'api-gateway-http' THEN 'http_request'
            WHEN 'api-gateway-websocket' THEN 'websocket_message'
        END
    END AS item,
    CASE remote_kind
        WHEN 'sqs' THEN 2 * greatest((coalesce(bytes, 0) + 65535) // 65536, 1)
        WHEN 'sns' THEN 2 * records * greatest((coalesce(bytes, 0) + 65535) // 65536, 1)
        WHEN 'eventbridge' THEN 2 * records * greatest((coalesce(bytes, 0) + 65535) // 65536, 1)
        WHEN 'dynamodb' THEN CASE
            WHEN capacity IS NOT NULL THEN (capacity * 2)::BIGINT
            WHEN starts_with(operation, 'transact') THEN 4 * records
            WHEN regexp_matches(operation, '^(getitem|query|scan|batchget)') AND NOT coalesce(consistent, false) THEN records
            ELSE 2 * records
        END
        WHEN 'apigateway' THEN 2 * greatest(CASE trigger_source
            WHEN 'api-gateway-http' THEN (coalesce(bytes, 0) + 524287) // 524288
            WHEN 'api-gateway-websocket' THEN (coalesce(bytes, 0) + 32767) // 32768
            ELSE 1
        END, 1)
        ELSE 2
    END AS half_units,
    CASE remote_kind
        WHEN 's3' THEN false
        WHEN 'dynamodb' THEN capacity IS NULL
        WHEN 'apigateway' THEN bytes IS NULL AND trigger_source IS DISTINCT FROM 'api-gateway-rest'
        ELSE bytes IS NULL
    END AS is_least
FROM calls;

-- Each of them at the price of its day, in 10^-18 USD.
CREATE OR REPLACE MACRO priced_between(asked_from, asked_to) AS TABLE
SELECT metered.*, price_attos, priced(half_units, 2, price_attos) AS attos
FROM metered_between(asked_from, asked_to) AS metered
LEFT JOIN price_periods AS price
  ON price.price_service = metered.remote_kind AND price.price_item = metered.item AND price.price_tier = 1
 AND price.price_region = metered.region
 AND price.price_from <= metered.started_at::DATE AND price.price_to > metered.started_at::DATE
-- What AWS does not bill: deleting from a bucket, and questions about topics and buses.
WHERE NOT (item IS NULL AND (remote_kind IN ('sns', 'eventbridge') OR (remote_kind = 's3' AND starts_with(operation, 'delete'))));

-- call_costs: one row a call that AWS meters by itself: a message sent, an event put, a request to a gateway, a bucket or a table.
CREATE OR REPLACE VIEW call_costs AS
SELECT
    trace_id,
    span_id,
    started_at,
    service,
    remote_kind,
    remote_name,
    operation,
    tenant,
    region,
    item,
    half_units::DECIMAL(18, 0) * 0.5::DECIMAL(2, 1) AS units,
    usd_of(attos) AS cost_usd,
    CASE WHEN is_least THEN 'inferred' ELSE 'estimated' END AS cost_state,
    CASE
        WHEN item IS NULL AND remote_kind = 'stepfunctions' THEN 'state transitions are not in spans'
        WHEN item IS NULL AND remote_kind = 'apigateway' THEN 'whether it is a REST or an HTTP API was not said'
        WHEN item IS NULL THEN 'what ' || coalesce(nullif(operation, ''), 'it') || ' costs is not known'
        WHEN region IS NULL THEN 'its region was not said'
        WHEN price_attos IS NULL THEN 'no price of it in ' || region || ' is known'
    END AS unpriced_because
FROM priced_between(0, 9000000000000000000);

-- Those begun from asked_from (ns) until two hours after asked_to, each with the invocation that made it, request_id and invoked_at:
-- the latest of the same service in the same trace that began before it, two hours before at most. A gateway's request begins with the
-- invocation that answers it. None is a container's, or nobody's.
CREATE OR REPLACE MACRO calls_made(asked_from, asked_to) AS TABLE
SELECT
    call.* EXCLUDE (at_ns),
    CASE WHEN at_ns - invoked.from_ns <= 7201000000000 THEN invoked.request_id END AS request_id,
    CASE WHEN at_ns - invoked.from_ns <= 7201000000000 THEN invoked.invoked_at END AS invoked_at
FROM (
    SELECT *, epoch_ns(started_at) + CASE WHEN kind = 'server' THEN 1000000000 ELSE 0 END AS at_ns
    FROM priced_between(asked_from, asked_to + 7200000000000)
) AS call
ASOF LEFT JOIN (
    SELECT request_id, trace_id AS invoked_trace, service AS invoked_service, started_at AS invoked_at, epoch_ns(started_at) AS from_ns
    FROM invocation_rows
    WHERE trace_id IS NOT NULL
      AND started_at >= make_timestamp_ns(asked_from - 7201000000000) AND started_at < make_timestamp_ns(asked_to + 7201000000000)
) AS invoked
  ON invoked.invoked_trace = call.trace_id AND invoked.invoked_service = call.service AND invoked.from_ns <= call.at_ns;
