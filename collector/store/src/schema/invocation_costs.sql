-- Invocations as users see them, and the parts of their cost that the pages sum.

-- When environments were seen first, of those that have invocations of which nobody said how they began. An environment is new, if something was
-- kept in each of the three hours before: our data does not begin later than it, and Lambda ends what is idle for so long.
CREATE OR REPLACE VIEW instance_firsts AS
SELECT
    service AS first_service, instance AS first_instance, first_at,
    list_has_all(
        (SELECT list(DISTINCT minute // 60) FROM counted_minutes),
        [epoch_ns(first_at) // 3600000000000 - 1, epoch_ns(first_at) // 3600000000000 - 2, epoch_ns(first_at) // 3600000000000 - 3]
    ) AS is_new
FROM (
    SELECT service, instance, min(started_at) AS first_at
    FROM invocation_rows
    WHERE instance IN (SELECT instance FROM invocation_rows WHERE cold_start IS NULL AND cost_state <> 'reported')
    GROUP BY service, instance
);

-- The parts of each invocation's cost, in 10^-18 USD, at the list price of its day. own, waiting, init and flush are what
-- duration_attos is made of, exactly: own is what is left of it. A part that nobody can price is NULL. Where nobody said the processor,
-- x86_64 is priced, AWS's own default.
CREATE OR REPLACE VIEW invocation_parts AS
SELECT
    *,
    duration_attos - init_attos - waiting_attos - flush_attos AS own_attos,
    request_attos + duration_attos + storage_attos + streamed_attos + restore_attos AS cost_attos,
    -- warm, or how it was cold: felt (the caller waited), proactive, suppressed (inside the duration), provisioned, restored, managed;
    -- cold: a first invocation of which nobody knows whether its caller waited; NULL: nobody said.
    CASE
        WHEN cold_start AND initialization = 'provisioned-concurrency' THEN 'provisioned'
        WHEN cold_start AND initialization = 'lambda-managed-instances' THEN 'managed'
        WHEN cold_start AND (restore_ns IS NOT NULL OR initialization = 'snap-start') THEN 'restored'
        WHEN cold_start AND suppressed_init_ns IS NOT NULL AND init_ns IS NULL THEN 'suppressed'
        WHEN cold_start AND felt_wait_ns = 0 THEN 'proactive'
        WHEN cold_start AND felt_wait_ns > 0 THEN 'felt'
        WHEN cold_start THEN 'cold'
        WHEN NOT cold_start THEN 'warm'
    END AS start_kind
FROM (
    SELECT
        *,
        lambda_duration_attos(memory_mb, billed_ms, gb_second_attos) AS duration_attos,
        -- Most have no init, and no extensions after the answer: of those nothing is computed.
        CASE
            WHEN init_billed_ms = 0 THEN 0
            ELSE coalesce(lambda_duration_attos(memory_mb, init_billed_ms, gb_second_attos), 0)
        END AS init_attos,
        coalesce(lambda_duration_attos(memory_mb, waiting_billed_ms, gb_second_attos), 0) AS waiting_attos,
        CASE
            WHEN flush_billed_ms = 0 THEN 0
            ELSE coalesce(lambda_duration_attos(memory_mb, flush_billed_ms, gb_second_attos), 0)
        END AS flush_attos,
        lambda_storage_attos(storage_mb, billed_ms, ephemeral_storage_attos) AS storage_attos,
        -- Only streamed responses are longer than 6 MiB.
        lambda_streamed_attos(produced_bytes, streamed_response_attos) AS streamed_attos,
        lambda_restore_attos(
            memory_mb,
            -- Few are restored: of the others nobody asks which runtime.
            CASE WHEN restore_ns IS NULL THEN false ELSE NOT contains(lower(coalesce(runtime, '')), 'java') END,
            snapstart_restore_attos
        ) AS restore_attos
    FROM (
        SELECT
            *,
            -- Of what is billed besides the init. Columns, so that what they are made of is not planned once for each place in the arithmetic.
            greatest(least(coalesce(waiting_ns, 0) // 1000000, billed_ms - init_billed_ms), 0) AS waiting_billed_ms,
            CASE
                WHEN coalesce(extension_overhead_ns, 0) < 1000000 THEN 0
                ELSE greatest(least(
                    extension_overhead_ns // 1000000, billed_ms - init_billed_ms - coalesce(waiting_ns, 0) // 1000000
                ), 0)
            END AS flush_billed_ms
        FROM (
            SELECT
                invoked.*, price.request_attos, price.snapstart_restore_attos, price.ephemeral_storage_attos, price.streamed_response_attos,
                CASE
                    WHEN initialization = 'provisioned-concurrency' THEN price.provisioned_duration_attos
                    ELSE price.duration_attos
                END AS gb_second_attos,
                -- What the same would be priced with on arm64; NULL where it is there already, or nobody said.
                CASE
                    WHEN invoked.architecture = 'x86_64' AND initialization = 'provisioned-concurrency' THEN arm64.provisioned_duration_attos
                    WHEN invoked.architecture = 'x86_64' THEN arm64.duration_attos
                END AS arm64_gb_second_attos,
                -- least() passes over NULLs, so they are taken out first.
                coalesce(least((coalesce(init_ns, 0) + 999999) // 1000000, billed_ms), 0) AS init_billed_ms
            FROM (
                -- A start that nobody told of is inferred: warm, where its environment was seen before; cold, where it was not and is new.
                SELECT
                    told.* EXCLUDE (unsaid) REPLACE (
                        CASE WHEN unsaid IS NULL THEN cold_start WHEN first_at < started_at THEN false WHEN is_new THEN true END AS cold_start
                    ),
                    CASE
                        WHEN cold_start IS NOT NULL THEN 'said'
                        WHEN first_at < started_at OR (first_at IS NOT NULL AND is_new) THEN 'inferred'
                    END AS start_state,
                    coalesce(architecture, 'x86_64') AS priced_as, started_at::DATE AS on_day
                FROM (
                    SELECT *, CASE WHEN cold_start IS NULL AND cost_state <> 'reported' THEN instance END AS unsaid FROM invocation_rows
                ) AS told
                LEFT JOIN instance_firsts ON first_instance = unsaid AND first_service = told.service
            ) AS invoked
            LEFT JOIN lambda_prices AS price
              ON price.price_region = invoked.region AND price.price_architecture = invoked.priced_as
             AND price.price_from <= invoked.on_day AND price.price_to > invoked.on_day
            LEFT JOIN lambda_prices AS arm64
              ON arm64.price_region = invoked.region AND arm64.price_architecture = 'arm64'
             AND arm64.price_from <= invoked.on_day AND arm64.price_to > invoked.on_day
        )
    )
);

-- `invocations`, and the parts of their cost as whole numbers of 10^-18 USD besides: those sum in a fraction of the time.
CREATE OR REPLACE VIEW invocations_in_attos AS
SELECT
    request_id, started_at, trace_id, span_id, service, environment, "function", function_arn, version, region, account,
    architecture, runtime, instance, route, faas_trigger AS "trigger", way, records, tenant, memory_mb, max_memory_mb, storage_mb, cold_start,
    start_kind, start_state,
    initialization, init_ns / 1e6 AS init_ms, suppressed_init_ns / 1e6 AS suppressed_init_ms, restore_ns / 1e6 AS restore_ms,
    billed_restore_ms, felt_wait_ns / 1e6 AS felt_wait_ms, duration_ns / 1e6 AS duration_ms, waiting_ns / 1e6 AS waiting_ms,
    billed_ms, produced_bytes, response_latency_ns / 1e6 AS response_latency_ms, runtime_overhead_ns / 1e6 AS runtime_overhead_ms,
    extension_overhead_ns / 1e6 AS extension_overhead_ms, outcome, error_type, cost_state, stands_for / 1e6 AS stands_for,
    usd_of(request_attos) AS requests_cost_usd,
    usd_of(duration_attos) AS duration_cost_usd,
    -- These two are parts of duration_cost_usd.
    usd_of(init_attos) AS init_cost_usd,
    usd_of(waiting_attos) AS waiting_cost_usd,
    usd_of(storage_attos) AS ephemeral_storage_cost_usd,
    usd_of(streamed_attos) AS streamed_response_cost_usd,
    usd_of(restore_attos) AS snapstart_restore_cost_usd,
    usd_of(cost_attos) AS cost_usd,
    request_attos, duration_attos, init_attos, storage_attos, streamed_attos, restore_attos, cost_attos
FROM invocation_parts;

-- One row an attempt of a function's invocation, with what it costs.
CREATE OR REPLACE VIEW invocations AS
SELECT * EXCLUDE (request_attos, duration_attos, init_attos, storage_attos, streamed_attos, restore_attos, cost_attos)
FROM invocations_in_attos;
