-- cost_rows.sql: what began from $from until $to (ns) cost, by minute, with the calls in `calls_now`; to be summed by cost_sums.sql. What
-- spending.sql and spending_calls.sql tell one by one; a call of an invocation is of its own minute here.
INSERT INTO temp.cost_parts BY NAME
WITH functions AS (
    SELECT
        epoch_ns(started_at) // 60000000000 AS minute, 'function' AS made_by,
        service, environment, "function", version, region, architecture, memory_mb,
        outcome <> 'ok' AS has_failed, cost_attos, cost_state, cold_start,
        CASE WHEN stands_for > 1000000 THEN stands_for - 1000000 END AS more,
        request_attos, own_attos, waiting_attos, init_attos, flush_attos, storage_attos, streamed_attos, restore_attos, arm64_gb_second_attos,
        cost_attos - duration_attos + lambda_duration_attos(memory_mb, billed_ms, arm64_gb_second_attos) AS arm64_attos
    FROM invocation_parts
    WHERE started_at >= make_timestamp_ns($from::BIGINT) AND started_at < make_timestamp_ns($to::BIGINT)
),
of_functions AS (
    SELECT
        minute, made_by, service, environment, "function", version, region, architecture, memory_mb,
        count(*) AS invocations,
        count(*) FILTER (has_failed) AS failed,
        count(*) FILTER (cold_start) AS cold,
        count(*) FILTER (cost_attos IS NULL) AS unpriced,
        count(*) FILTER (cost_state = 'reported') AS reports,
        count(more) AS sampled,
        sum(more) AS left_out,
        sum(cost_attos::HUGEINT * more // 1000000) AS left_out_attos,
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
        sum(arm64_attos) AS on_arm64,
        count(*) FILTER (arm64_gb_second_attos IS NULL) AS not_on_arm64
    FROM functions
    GROUP BY ALL
),
called AS (
    SELECT span.started_at, span.trace_id, span.service, span.resource_id, error OR fault OR throttle AS has_failed, made.*
    FROM temp.calls_now AS made
    JOIN span_rows AS span ON span.rowid = made.place
    WHERE request_id IS NULL AND started_at >= make_timestamp_ns($from::BIGINT) AND started_at < make_timestamp_ns($to::BIGINT)
),
calls AS (
    SELECT
        began_ns // 60000000000 AS minute, 'function' AS made_by,
        invoked.service, invoked.environment, invoked."function", invoked.version, invoked.region, invoked.architecture, invoked.memory_mb,
        attos, outcome <> 'ok' AS has_failed,
        CASE WHEN stands_for > 1000000 THEN stands_for - 1000000 END AS more
    FROM temp.calls_now AS made
    JOIN invocation_rows AS invoked ON invoked.request_id = made.request_id AND invoked.started_at = made.invoked_at
    WHERE invoked.started_at >= make_timestamp_ns($from::BIGINT - 1201000000000) AND invoked.started_at < make_timestamp_ns($to::BIGINT + 1000000000)
    UNION ALL
    SELECT
        began_ns // 60000000000, CASE WHEN sender.platform IN ('ecs', 'eks') THEN 'container' ELSE 'other' END,
        called.service, sender.environment, NULL, sender.version, called.region, NULL, NULL,
        attos, coalesce(request.request_failed, has_failed), NULL
    FROM called
    ASOF LEFT JOIN (
        SELECT
            trace_id AS request_trace, service AS request_service, epoch_ns(started_at) AS request_at,
            error OR fault OR throttle AS request_failed, resource_id AS request_resource
        FROM span_rows
        WHERE kind IN ('server', 'consumer')
          AND started_at >= make_timestamp_ns($from::BIGINT - 1200000000000) AND started_at < make_timestamp_ns($to::BIGINT)
          AND trace_id IN (SELECT trace_id FROM called)
    ) AS request
      ON request.request_trace = called.trace_id AND request.request_service = called.service AND request.request_at <= epoch_ns(called.started_at)
    LEFT JOIN (
        SELECT resource_id, any_value(service_version) AS version, any_value(environment) AS environment, any_value(platform) AS platform
        FROM resource_rows
        GROUP BY resource_id
    ) AS sender ON sender.resource_id = coalesce(request.request_resource, called.resource_id)
),
of_calls AS (
    SELECT
        minute, made_by, service, environment, "function", version, region, architecture, memory_mb,
        sum(attos) AS calls,
        count(*) FILTER (attos IS NULL) AS unpriced_calls,
        sum(attos) FILTER (has_failed) AS calls_in_failed,
        sum(attos::HUGEINT * more // 1000000) AS left_out_attos
    FROM calls
    GROUP BY ALL
)
SELECT
    make_timestamp_ns(minute * 60000000000) AS minute, * EXCLUDE (minute)
FROM (
    SELECT
        minute, made_by, service, environment, "function", version, region, architecture, memory_mb,
        coalesce(sum(invocations), 0) AS invocations, coalesce(sum(failed), 0) AS failed, coalesce(sum(cold), 0) AS cold,
        coalesce(sum(unpriced), 0) AS unpriced, coalesce(sum(reports), 0) AS reports, coalesce(sum(sampled), 0) AS sampled,
        coalesce(sum(left_out), 0) AS left_out, coalesce(sum(left_out_attos), 0) AS left_out_attos,
        coalesce(sum(requests), 0) AS requests, coalesce(sum(own), 0) AS own, coalesce(sum(waiting), 0) AS waiting,
        coalesce(sum(init), 0) AS init, coalesce(sum(flush), 0) AS flush,
        coalesce(sum(storage), 0) AS storage, coalesce(sum(streamed), 0) AS streamed, coalesce(sum(restore), 0) AS restore,
        coalesce(sum(calls), 0) AS calls, coalesce(sum(unpriced_calls), 0) AS unpriced_calls,
        coalesce(sum(in_failed), 0) AS in_failed, coalesce(sum(calls_in_failed), 0) AS calls_in_failed,
        coalesce(sum(reported), 0) AS reported, coalesce(sum(on_arm64), 0) AS on_arm64, coalesce(sum(not_on_arm64), 0) AS not_on_arm64
    FROM (FROM of_functions UNION ALL BY NAME FROM of_calls)
    GROUP BY ALL
)
