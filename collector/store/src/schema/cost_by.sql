-- Tables of cost in one word. `since` is how far back to look, '7 days'; the time of the question is the variable that sql/clock.rs sets.

CREATE OR REPLACE MACRO cost_by(what, since := '1 day') AS TABLE
SELECT
    CASE lower(what)
        WHEN 'service' THEN service
        WHEN 'function' THEN "function"
        WHEN 'version' THEN "function" || ' ' || version
        WHEN 'route' THEN route
        WHEN 'tenant' THEN tenant
        WHEN 'memory' THEN memory_mb || ' MB'
        WHEN 'architecture' THEN architecture
        WHEN 'region' THEN region
        WHEN 'account' THEN account
        WHEN 'environment' THEN environment
        WHEN 'runtime' THEN runtime
        WHEN 'trigger' THEN "trigger"
        WHEN 'way' THEN way
        WHEN 'outcome' THEN outcome
        WHEN 'start' THEN start_kind
        WHEN 'state' THEN cost_state
        ELSE error('cost_by knows service, function, version, route, tenant, memory, architecture, region, account, environment, '
            || 'runtime, trigger, way, outcome, start and state; not ' || what)
    END AS name,
    count(*) AS invocations,
    count(*) FILTER (outcome <> 'ok') AS failed,
    count(*) FILTER (cold_start) AS cold,
    count(*) FILTER (cost_usd IS NULL) AS without_price,
    sum(cost_usd) AS usd,
    sum(requests_cost_usd) AS requests_usd,
    sum(duration_cost_usd) AS duration_usd,
    sum(init_cost_usd) AS init_usd,
    sum(waiting_cost_usd) AS waiting_usd
FROM invocations
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
