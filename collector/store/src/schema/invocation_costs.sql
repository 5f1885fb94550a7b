-- Invocations as users see them.

-- One row an attempt of a function's invocation, with what it costs at the list price of its day. A part that nobody can price is
-- NULL, and so is the sum. Where nobody said the processor, x86_64 is priced, AWS's own default.
CREATE OR REPLACE VIEW invocations AS
SELECT
    request_id, started_at, trace_id, span_id, service, environment, "function", function_arn, version, region, account,
    architecture, runtime, instance, route, faas_trigger AS "trigger", way, records, tenant, memory_mb, max_memory_mb, cold_start,
    initialization, init_ns / 1e6 AS init_ms, suppressed_init_ns / 1e6 AS suppressed_init_ms, restore_ns / 1e6 AS restore_ms,
    billed_restore_ms, felt_wait_ns / 1e6 AS felt_wait_ms, duration_ns / 1e6 AS duration_ms, billed_ms, produced_bytes,
    response_latency_ns / 1e6 AS response_latency_ms, runtime_overhead_ns / 1e6 AS runtime_overhead_ms,
    extension_overhead_ns / 1e6 AS extension_overhead_ms, outcome, error_type, cost_state,
    usd_of(request_attos) AS requests_cost_usd,
    usd_of(duration_attos) AS duration_cost_usd,
    -- A part of duration_cost_usd.
    usd_of(init_attos) AS init_cost_usd,
    usd_of(restore_attos) AS snapstart_restore_cost_usd,
    usd_of(request_attos + duration_attos + restore_attos) AS cost_usd
FROM (
    SELECT
        invoked.*,
        price.request_attos,
        lambda_duration_attos(memory_mb, billed_ms, gb_second_attos) AS duration_attos,
        CASE
            WHEN init_ns IS NULL THEN 0
            ELSE lambda_duration_attos(memory_mb, least((init_ns + 999999) // 1000000, billed_ms), gb_second_attos)
        END AS init_attos,
        lambda_restore_attos(
            memory_mb, restore_ns IS NOT NULL AND NOT contains(lower(coalesce(runtime, '')), 'java'), price.snapstart_restore_attos
        ) AS restore_attos
    FROM (
        SELECT *, coalesce(architecture, 'x86_64') AS priced_as, started_at::DATE AS on_day FROM invocation_rows
    ) AS invoked
    LEFT JOIN lambda_prices AS price
      ON price.price_region = invoked.region AND price.price_architecture = invoked.priced_as
     AND price.price_from <= invoked.on_day AND price.price_to > invoked.on_day,
    LATERAL (
        SELECT CASE
            WHEN invoked.initialization = 'provisioned-concurrency' THEN price.provisioned_duration_attos
            ELSE price.duration_attos
        END AS gb_second_attos
    )
);
