-- A row a minute, and not one an invocation: millions are summed in milliseconds.
CREATE OR REPLACE VIEW costs AS
SELECT
    minute, made_by, service, environment, "function", version, region, architecture, memory_mb, invocations, failed, cold, unpriced,
    usd_of(requests + own + waiting + init + flush + storage + streamed + restore + calls) AS cost_usd,
    usd_of(requests) AS requests_cost_usd,
    usd_of(own + waiting + init + flush) AS duration_cost_usd,
    -- These two are parts of duration_cost_usd.
    usd_of(init) AS init_cost_usd,
    usd_of(waiting) AS waiting_cost_usd,
    usd_of(storage) AS ephemeral_storage_cost_usd,
    usd_of(streamed) AS streamed_response_cost_usd,
    usd_of(restore) AS snapstart_restore_cost_usd,
    usd_of(calls) AS calls_cost_usd,
    unpriced_calls,
    usd_of(in_failed + calls_in_failed) AS failed_cost_usd
FROM cost_minutes;

-- Tables of cost in one word. `since` is how far back to look, '7 days'; the time of the question is the variable that sql/clock.rs sets.

-- An invocation whose attribute is that of its messages' traces is divided over them: its cost exactly, and it counts in each.
CREATE OR REPLACE MACRO cost_by(what, since := '1 day') AS TABLE
WITH told AS NOT MATERIALIZED (
    -- A slice, and nothing more, because the name of an attribute must be known when the question is bound.
    FROM said(
        what[6:], starts_with(lower(what), 'attr.'), lower(what) = 'team', lower(what) = 'customer',
        epoch_ns(getvariable('coldlight_now')::TIMESTAMP_NS - since::INTERVAL),
        epoch_ns(getvariable('coldlight_now')::TIMESTAMP_NS) + 86400000000000
    )
)
SELECT
    name,
    count(*) AS invocations,
    count(*) FILTER (outcome <> 'ok') AS failed,
    count(*) FILTER (cold_start) AS cold,
    count(*) FILTER (cost_attos IS NULL) AS without_price,
    usd_of(sum(cost_part)) AS usd,
    usd_of(sum(part_of_attos(request_attos, below, upto, shares))) AS requests_usd,
    usd_of(sum(part_of_attos(duration_attos, below, upto, shares))) AS duration_usd,
    usd_of(sum(part_of_attos(init_attos, below, upto, shares))) AS init_usd,
    usd_of(sum(part_of_attos(waiting_attos, below, upto, shares))) AS waiting_usd
FROM (
    SELECT
        invoked.*,
        CASE
            WHEN starts_with(lower(what), 'attr.') OR lower(what) IN ('team', 'customer')
            THEN CASE WHEN of_span.told_by IS NOT NULL THEN of_span.value ELSE coalesce(of_report.value, of_trace.value) END
            WHEN lower(what) = 'service' THEN service
            WHEN lower(what) = 'function' THEN "function"
            WHEN lower(what) = 'version' THEN "function" || ' ' || version
            WHEN lower(what) = 'route' THEN route
            WHEN lower(what) = 'tenant' THEN tenant
            WHEN lower(what) = 'memory' THEN memory_mb || ' MB'
            WHEN lower(what) = 'architecture' THEN architecture
            WHEN lower(what) = 'region' THEN region
            WHEN lower(what) = 'account' THEN account
            WHEN lower(what) = 'environment' THEN environment
            WHEN lower(what) = 'runtime' THEN runtime
            WHEN lower(what) = 'trigger' THEN faas_trigger
            WHEN lower(what) = 'way' THEN way
            WHEN lower(what) = 'outcome' THEN outcome
            WHEN lower(what) = 'start' THEN start_kind
            WHEN lower(what) = 'state' THEN cost_state
            ELSE error('cost_by knows service, function, version, route, team, customer, tenant, memory, architecture, region, account, '
                || 'environment, runtime, trigger, way, outcome, start, state and attr.NAME; not ' || what)
        END AS name,
        coalesce(of_span.below, 0) AS below, coalesce(of_span.upto, 1) AS upto, coalesce(of_span.shares, 1) AS shares,
        part_of_attos(cost_attos, coalesce(of_span.below, 0), coalesce(of_span.upto, 1), coalesce(of_span.shares, 1)) AS cost_part
    FROM invocation_parts AS invoked
    LEFT JOIN (FROM told WHERE told_by = 'span') AS of_span
      ON of_span.trace_id = invoked.trace_id AND of_span.span_id = invoked.span_id
    -- Its trace is asked only where its span says nothing.
    LEFT JOIN (FROM told WHERE told_by = 'trace') AS of_trace
      ON of_trace.trace_id = CASE WHEN of_span.told_by IS NULL THEN invoked.trace_id END
    LEFT JOIN (FROM told WHERE told_by = 'report') AS of_report
      ON of_report.request_id = invoked.request_id AND invoked.span_id IS NULL
)
WHERE started_at > getvariable('coldlight_now')::TIMESTAMP_NS - since::INTERVAL
GROUP BY name;

CREATE OR REPLACE MACRO cost_over_time(step, since := '1 day') AS TABLE
SELECT
    time_bucket(step::INTERVAL, started_at::TIMESTAMP) AS "time",
    count(*) AS invocations,
    count(*) FILTER (outcome <> 'ok') AS failed,
    count(*) FILTER (cold_start) AS cold,
    sum(cost_usd) AS usd
FROM invocations
WHERE started_at > getvariable('coldlight_now')::TIMESTAMP_NS - since::INTERVAL
GROUP BY "time"
ORDER BY "time";
