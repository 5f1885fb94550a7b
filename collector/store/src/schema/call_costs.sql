-- What messages and requests to managed services cost: what AWS bills for the hop itself, told from the span that made it.

-- Calls that AWS meters by themselves: what a service calls, and requests that came through a gateway.
CREATE OR REPLACE MACRO is_metered(kind, remote_kind) AS
    (kind IN ('client', 'producer') AND remote_kind IN ('sqs', 'sns', 'eventbridge', 'stepfunctions', 'dynamodb', 's3'))
    OR (kind = 'server' AND remote_kind = 'apigateway');

CREATE OR REPLACE MACRO metered_operation(rpc_method, db_operation, messaging_operation) AS
    lower(coalesce(rpc_method, db_operation, messaging_operation, ''));

-- Strangers' numbers, kept small enough to be multiplied.
CREATE OR REPLACE MACRO metered_records(records) AS greatest(least(coalesce(records, 1), 1000000), 1);
CREATE OR REPLACE MACRO metered_capacity(consumed_capacity) AS TRY_CAST(consumed_capacity AS DECIMAL(18, 1));

-- What the price book calls a call; NULL: not metered, or nobody can tell. By comparisons: patterns would take most of the time of a million.
CREATE OR REPLACE MACRO metered_item(remote_kind, remote_name, operation, trigger_source) AS
    CASE remote_kind
        WHEN 'sqs' THEN CASE WHEN ends_with(remote_name, '.fifo') THEN 'request_fifo' ELSE 'request_standard' END
        WHEN 'sns' THEN CASE WHEN operation = '' OR starts_with(operation, 'publish') OR starts_with(operation, 'send') OR starts_with(operation, 'create') THEN 'publish' END
        WHEN 'eventbridge' THEN CASE WHEN operation = '' OR starts_with(operation, 'putevents') OR starts_with(operation, 'publish') OR starts_with(operation, 'send')
            OR starts_with(operation, 'create') THEN 'custom_event' END
        WHEN 'stepfunctions' THEN CASE operation WHEN 'startsyncexecution' THEN 'express_request' END
        WHEN 'dynamodb' THEN CASE
            WHEN operation IN ('putitem', 'updateitem', 'deleteitem')
                OR starts_with(operation, 'batchwrite') OR starts_with(operation, 'transactwrite') THEN 'write_request_unit'
            WHEN operation IN ('getitem', 'query', 'scan')
                OR starts_with(operation, 'batchget') OR starts_with(operation, 'transactget') THEN 'read_request_unit'
        END
        WHEN 's3' THEN CASE
            WHEN starts_with(operation, 'put') OR starts_with(operation, 'copy') OR starts_with(operation, 'post')
                OR starts_with(operation, 'list') OR starts_with(operation, 'create') OR starts_with(operation, 'complete')
                OR starts_with(operation, 'upload') THEN 'put_request'
            WHEN starts_with(operation, 'get') OR starts_with(operation, 'head') OR starts_with(operation, 'select') THEN 'get_request'
        END
        WHEN 'apigateway' THEN CASE trigger_source
            WHEN 'api-gateway-rest' THEN 'rest_request'
            WHEN 'api-gateway-http' THEN 'http_request'
            WHEN 'api-gateway-websocket' THEN 'websocket_message'
        END
    END;

-- Its units, in halves, because an eventually consistent read is half a unit.
CREATE OR REPLACE MACRO metered_half_units(remote_kind, operation, trigger_source, records, bytes, consistent, capacity) AS
    CASE remote_kind
        WHEN 'sqs' THEN 2 * greatest((coalesce(bytes, 0) + 65535) // 65536, 1)
        WHEN 'sns' THEN 2 * records * greatest((coalesce(bytes, 0) + 65535) // 65536, 1)
        WHEN 'eventbridge' THEN 2 * records * greatest((coalesce(bytes, 0) + 65535) // 65536, 1)
        WHEN 'dynamodb' THEN CASE
            WHEN capacity IS NOT NULL THEN (capacity * 2)::BIGINT
            WHEN starts_with(operation, 'transact') THEN 4 * records
            WHEN NOT coalesce(consistent, false) AND (
                starts_with(operation, 'getitem') OR starts_with(operation, 'query') OR starts_with(operation, 'scan')
                OR starts_with(operation, 'batchget')
            ) THEN records
            ELSE 2 * records
        END
        WHEN 'apigateway' THEN 2 * greatest(CASE trigger_source
            WHEN 'api-gateway-http' THEN (coalesce(bytes, 0) + 524287) // 524288
            WHEN 'api-gateway-websocket' THEN (coalesce(bytes, 0) + 32767) // 32768
            ELSE 1
        END, 1)
        ELSE 2
    END;

-- What AWS does not bill is deleting from a bucket, and questions about topics and buses.
CREATE OR REPLACE MACRO is_billed(remote_kind, operation, item) AS
    NOT (item IS NULL AND (remote_kind IN ('sns', 'eventbridge') OR (remote_kind = 's3' AND starts_with(operation, 'delete'))));

-- How calls begun from asked_from to asked_to (ns) are metered: units of a priced item, in halves. What nobody said is taken to be as small as it can be, and is_least says so.
CREATE OR REPLACE MACRO metered_between(asked_from, asked_to) AS TABLE
WITH said AS (
    SELECT
        span.rowid AS place, trace_id, span_id, CASE WHEN kind <> 'server' THEN parent_span_id END AS called_in, resource_id, started_at, duration_ns,
        span.service, span.name, kind, error OR fault AS failed, http_route, remote_kind, remote_name, tenant,
        coalesce(span.cloud_region, resource.region) AS region,
        metered_operation(rpc_method, db_operation, messaging_operation) AS operation,
        metered_records(records) AS records,
        call_bytes AS bytes,
        trigger_source,
        consistent_read AS consistent,
        metered_capacity(consumed_capacity) AS capacity
    FROM span_rows AS span
    LEFT JOIN (SELECT resource_id, any_value(cloud_region) AS region FROM resource_rows GROUP BY resource_id) AS resource
        USING (resource_id)
    WHERE NOT throttle
      AND started_at >= make_timestamp_ns(asked_from) AND started_at < make_timestamp_ns(asked_to)
      AND is_metered(kind, remote_kind)
),
-- A producer span and the SDK's own span inside it are one call; it began within five minutes before.
calls AS (
    SELECT said.*
    FROM said
    ANTI JOIN (
        SELECT trace_id, span_id, remote_kind
        FROM span_rows
        WHERE is_metered(kind, remote_kind) AND kind <> 'server'
          AND started_at >= make_timestamp_ns(asked_from - 300000000000) AND started_at < make_timestamp_ns(asked_to)
    ) AS outer_call
      ON outer_call.trace_id = said.trace_id AND outer_call.span_id = said.called_in AND outer_call.remote_kind = said.remote_kind
)
SELECT
    * EXCLUDE (called_in, consistent, capacity, trigger_source),
    metered_item(remote_kind, remote_name, operation, trigger_source) AS item,
    metered_half_units(remote_kind, operation, trigger_source, records, bytes, consistent, capacity) AS half_units,
    CASE remote_kind
        WHEN 's3' THEN false
        WHEN 'dynamodb' THEN capacity IS NULL
        WHEN 'apigateway' THEN bytes IS NULL AND trigger_source IS DISTINCT FROM 'api-gateway-rest'
        ELSE bytes IS NULL
    END AS is_least
FROM calls;

-- Without what AWS does not bill.
CREATE OR REPLACE MACRO billed_between(asked_from, asked_to) AS TABLE
FROM metered_between(asked_from, asked_to)
WHERE is_billed(remote_kind, operation, item);

-- Each of them at the price of its day, in 10^-18 USD.
CREATE OR REPLACE MACRO priced_between(asked_from, asked_to) AS TABLE
SELECT metered.*, price_attos, priced(half_units, 2, price_attos) AS attos
FROM billed_between(asked_from, asked_to) AS metered
LEFT JOIN price_periods AS price
  ON price.price_service = metered.remote_kind AND price.price_item = metered.item AND price.price_tier = 1
 AND price.price_region = metered.region
 AND price.price_from <= metered.started_at::DATE AND price.price_to > metered.started_at::DATE;

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

-- Those begun from asked_from to asked_to (ns), each with the invocation that made it, request_id and invoked_at: the latest of the same service
-- in the same trace that began before it, twenty minutes before at most, for Lambda ends the longest after fifteen. A gateway's request begins with the invocation that answers it. None is a
-- container's, or nobody's. Little is told of each, for there are millions; the rest is where place (a rowid) says, and trace ids are compared
-- as numbers. Without asked_several no service may be invoked twice in a trace; then nothing is kept aside to be sorted.
CREATE OR REPLACE MACRO calls_made(asked_from, asked_to, asked_several) AS TABLE
WITH invoked AS MATERIALIZED (
    -- A service is mostly invoked once in a trace: then nobody has to be sorted to find the latest before a call.
    SELECT
        TRY_CAST(trace_id AS UUID) AS invoked_trace, service AS invoked_service, count(*) AS times, min(epoch_ns(started_at)) AS from_ns,
        any_value(request_id) AS invoked_request
    FROM invocation_rows
    WHERE trace_id IS NOT NULL
      AND started_at >= make_timestamp_ns(asked_from - 1201000000000) AND started_at < make_timestamp_ns(asked_to + 1000000000)
    GROUP BY ALL
),
call AS (
    SELECT
        place, TRY_CAST(trace_id AS UUID) AS trace, service, remote_kind, region, is_least, attos, epoch_ns(started_at) AS began_ns,
        epoch_ns(started_at) + CASE WHEN kind = 'server' THEN 1000000000 ELSE 0 END AS at_ns
    FROM priced_between(asked_from, asked_to)
)
SELECT
    place, remote_kind, region, is_least, attos, began_ns,
    CASE WHEN at_ns - from_ns BETWEEN 0 AND 1201000000000 THEN invoked_request END AS request_id,
    CASE WHEN at_ns - from_ns BETWEEN 0 AND 1201000000000 THEN make_timestamp_ns(from_ns) END AS invoked_at
FROM (
    SELECT call.*, from_ns, invoked_request
    FROM call
    LEFT JOIN invoked ON invoked_trace = trace AND invoked_service = service
    WHERE times IS NULL OR times = 1
    UNION ALL
    SELECT call.*, often.from_ns, often.invoked_request
    FROM (
        SELECT call.*
        FROM call
        SEMI JOIN (FROM invoked WHERE times > 1 AND asked_several) AS several ON invoked_trace = trace AND invoked_service = service
    ) AS call
    ASOF LEFT JOIN (
        SELECT request_id AS invoked_request, trace AS often_trace, service AS often_service, epoch_ns(started_at) AS from_ns
        FROM (
            SELECT *, TRY_CAST(trace_id AS UUID) AS trace
            FROM invocation_rows
            WHERE started_at >= make_timestamp_ns(asked_from - 1201000000000) AND started_at < make_timestamp_ns(asked_to + 1000000000)
        )
        SEMI JOIN (FROM invoked WHERE times > 1 AND asked_several) AS several ON invoked_trace = trace AND invoked_service = service
    ) AS often
      ON often.often_trace = call.trace AND often.often_service = call.service AND often.from_ns <= call.at_ns
);
