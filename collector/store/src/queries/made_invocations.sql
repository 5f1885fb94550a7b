-- made_invocations.sql: so many invocations in the week before a time, both given as variables, always the same ones, for measurements and for the tests of the
-- examples. 24 functions take turns very unevenly; each has its memory, processor, runtime and trigger, and a new version every few days.
-- One in twenty starts cold, one in fifty fails, one in a thousand ran where no price is known, three share a trace.
INSERT INTO invocation_rows BY NAME
WITH numbered AS (
    SELECT
        n, (hash(n, 1) >> 1)::BIGINT AS dice, (hash(n, 2) >> 1)::BIGINT AS other, (hash(n, 3) % 1000000) / 1e6 AS share,
        make_timestamp_ns(getvariable('now') - 604800000000000 + n * (604800000000000 // getvariable('invocations'))) AS started_at
    FROM range(getvariable('invocations')) AS numbers(n)
),
placed AS (
    SELECT *, floor(24 * share * share * share)::BIGINT AS f, n * 3 // getvariable('invocations') AS deployed
    FROM numbered
),
described AS (
    SELECT
        *,
        ['checkout', 'orders', 'search', 'media', 'billing', 'mail'][f % 6 + 1] AS service,
        ['api', 'worker', 'import', 'report'][f // 6 + 1] AS part,
        [512, 128, 1024, 256, 1769, 3008][f % 6 + 1] AS memory_mb,
        ['nodejs22.x', 'python3.13', 'java21', 'provided.al2023'][f % 4 + 1] AS runtime,
        ['http', 'pubsub', 'timer', 'datasource'][f // 6 + 1] AS faas_trigger,
        dice % 20 = 0 AS cold_start,
        CASE
            WHEN other % 50 <> 0 THEN 'ok' WHEN other % 500 = 0 THEN 'timeout' WHEN other % 350 = 0 THEN 'oom' ELSE 'error'
        END AS outcome
    FROM placed
),
timed AS (
    SELECT
        *,
        CASE
            WHEN outcome = 'timeout' THEN 29000000000
            ELSE 2000000 + (1 + f % 5) * (8000000 + (dice >> 20) % 60000000) + CASE WHEN other % 97 = 0 THEN 900000000 ELSE 0 END
        END::BIGINT AS duration_ns,
        CASE WHEN cold_start THEN 180000000 + (f % 4) * 240000000 + (other >> 20) % 120000000 END::BIGINT AS init_ns
    FROM described
)
SELECT
    concat_ws('-', left(md5(n::VARCHAR), 8), substr(md5(n::VARCHAR), 9, 4), '4000', '8000', substr(md5(n::VARCHAR), 13, 12))
        AS request_id,
    started_at,
    md5('trace ' || n // 3) AS trace_id,
    left(md5('span ' || n), 16) AS span_id,
    service,
    CASE WHEN f % 11 = 10 THEN 'staging' ELSE 'production' END AS environment,
    service || '-' || part AS "function",
    'arn:aws:lambda:eu-west-1:123456789012:function:' || service || '-' || part AS function_arn,
    (40 + f + deployed)::VARCHAR AS version,
    CASE WHEN n % 1000 = 999 THEN NULL WHEN f % 7 = 3 THEN 'us-east-1' ELSE 'eu-west-1' END AS region,
    '123456789012' AS account,
    -- The second version of each function went to arm64 where the function's number allows.
    CASE WHEN f % 3 = 0 AND deployed > 0 THEN 'arm64' ELSE 'x86_64' END AS architecture,
    runtime,
    left(md5('instance ' || f || ' ' || n // 20000), 16) AS instance,
    CASE WHEN faas_trigger = 'http' THEN ['POST /orders', 'GET /orders/{id}', 'GET /search', 'PUT /media/{id}'][dice % 4 + 1] END
        AS route,
    faas_trigger,
    CASE faas_trigger WHEN 'http' THEN 'sync' WHEN 'datasource' THEN 'poll' ELSE 'async' END AS way,
    CASE WHEN faas_trigger = 'datasource' THEN 1 + other % 10 END::BIGINT AS records,
    'tenant-' || lpad((other % 40 * (other // 40 % 5))::VARCHAR, 3, '0') AS tenant,
    memory_mb,
    memory_mb * (30 + (dice >> 30) % 40 + f % 3 * 9) // 100 AS max_memory_mb,
    cold_start,
    'on-demand' AS initialization,
    init_ns,
    CASE WHEN cold_start THEN init_ns * (other % 4)::BIGINT // 3 END AS felt_wait_ns,
    duration_ns,
    duration_ns * (20 + f % 5 * 12) // 100 AS waiting_ns,
    (duration_ns + coalesce(init_ns, 0) + 999999) // 1000000 AS billed_ms,
    (200 + other % 4000)::BIGINT AS produced_bytes,
    1500000 AS runtime_overhead_ns,
    CASE WHEN f % 2 = 0 THEN 3000000 + (other % 5000000)::BIGINT ELSE 0 END AS extension_overhead_ns,
    outcome,
    CASE outcome WHEN 'error' THEN 'ValidationError' WHEN 'timeout' THEN 'Sandbox.Timedout' WHEN 'oom' THEN 'Runtime.OutOfMemory' END
        AS error_type,
    CASE WHEN dice % 100 < 92 THEN 'reported' WHEN dice % 100 < 98 THEN 'estimated' ELSE 'inferred' END AS cost_state
FROM timed
ORDER BY n
