-- The prices as users see them, and the arithmetic of cost: the same as in `model::money`, held to the same examples.
--
-- Money is multiplied and divided in whole numbers of 10^-18 USD (HUGEINT, "attos"), each part rounded half up once, and only then
-- becomes DECIMAL(38,18). An unknown price gives NULL, never 0. Made anew at every start.

-- 10^-18 USD as USD. Dividing 128 bits takes a hundred times as long as 64, so amounts below 9 USD go another way.
CREATE OR REPLACE MACRO usd_of(attos) AS
    CASE
        WHEN attos::HUGEINT BETWEEN -9000000000000000000 AND 9000000000000000000
        THEN attos::BIGINT::DECIMAL(19, 0) * 0.000000000000000001::DECIMAL(19, 18)
        ELSE (attos::HUGEINT // 1000000000000000000)::DECIMAL(38, 18)
            + (attos::HUGEINT % 1000000000000000000)::DECIMAL(19, 0) * 0.000000000000000001::DECIMAL(19, 18)
    END;

-- And back: USD as 10^-18 USD.
CREATE OR REPLACE MACRO attos_of(usd) AS
    trunc(usd::DECIMAL(38, 18))::HUGEINT * 1000000000000000000
    + ((usd::DECIMAL(38, 18) - trunc(usd::DECIMAL(38, 18)))::DECIMAL(19, 18) * 1000000000000000000::DECIMAL(19, 0))::HUGEINT;

-- What a million of them cost when so many cost so much, rounded half up.
CREATE OR REPLACE MACRO usd_per_million(usd, n) AS
    CASE WHEN n > 0 THEN usd_of((attos_of(usd) * 1000000 + n::HUGEINT // 2) // n::HUGEINT) END;

-- One row a price: where, for what, from when, and who says so. usd is NULL where nobody prints it.
CREATE OR REPLACE VIEW prices AS
SELECT
    region, service, item, architecture, unit, tier_from, tier_to, usd_of(attos) AS usd, status, source, effective_on,
    layer, recorded, recorded_at, usagetype,
    (vcpu_e10 // 100000000)::DECIMAL(12, 0) * 0.01::DECIMAL(3, 2) AS vcpu, memory_mib, note
FROM price_rows;

-- units / per x a price, rounded half up; in divisions of 64 bits, exact for units up to 9 x 10^18, prices up to 1 USD and per
-- up to 4 x 10^9. A price is high x 10^9 + low, units are whole x per + rest.
CREATE OR REPLACE MACRO priced_small(units, per, attos) AS
    (units // per)::HUGEINT * attos
    + (units % per * (attos // 1000000000) // per)::HUGEINT * 1000000000
    + (units % per * (attos // 1000000000) % per * 1000000000 + units % per * (attos % 1000000000) + per // 2) // per;

-- units / per x a price, rounded half up; NULL where the price is unknown or the product beyond 10^38. per is at most 4 x 10^9.
CREATE OR REPLACE MACRO priced(units, per, attos) AS
    CASE
        WHEN units::HUGEINT <= 9000000000000000000 AND attos <= 1000000000000000000
        THEN priced_small(units::BIGINT, per::BIGINT, attos::BIGINT)
        WHEN units::HUGEINT <= 99999999999999999999999999999999999999::HUGEINT // greatest(attos, 1)
        THEN (units::HUGEINT * attos + per // 2) // per
    END;

-- The same in one product of 128 bits: slower, and a quarter as long for whoever reads or plans it.
CREATE OR REPLACE MACRO priced_wide(units, per, attos) AS
    CASE
        WHEN units::HUGEINT <= 99999999999999999999999999999999999999::HUGEINT // greatest(attos, 1)
        THEN (units::HUGEINT * attos + per // 2) // per
    END;

-- Requests billed for an event of so many bytes: one, and for an asynchronous one beyond 256 KiB one more for each 64 KiB begun,
-- up to 1 MiB.
CREATE OR REPLACE MACRO lambda_requests(asynchronous_bytes) AS
    1 + (greatest(least(coalesce(asynchronous_bytes, 0), 1048576) - 262144, 0) + 65535) // 65536;

-- Billed milliseconds where nobody reported them: rounded up; init counts on demand, since 2025-08-01 for everybody, before not
-- for ZIPs of managed runtimes. All in nanoseconds, but for the answer.
CREATE OR REPLACE MACRO lambda_billed_ms(duration_ns, init_ns, billed_restore_ns, init_counts, managed_zip, day) AS
    (
        duration_ns::HUGEINT
        + CASE WHEN init_counts AND NOT (managed_zip AND day < DATE '2025-08-01') THEN coalesce(init_ns, 0) ELSE 0 END
        + coalesce(billed_restore_ns, 0) + 999999
    ) // 1000000;

-- The parts of one invocation's cost, in 10^-18 USD, from a price of lambda_prices.
-- 1,024 MB x 1,000 ms make a GB-second. For all that Lambda runs by itself, 10,240 MB and 15 minutes, one division of 64 bits is enough:
-- units x price / 1024000 = units x (price // 1024000) + units x (price % 1024000) / 1024000, and both products stay below 9.1 x 10^18
-- for prices up to 0.001 USD. A million rows take 20 ms so, 90 ms the other way.
CREATE OR REPLACE MACRO lambda_duration_attos(memory_mb, billed_ms, attos) AS
    CASE
        WHEN memory_mb BETWEEN 0 AND 10240 AND billed_ms BETWEEN 0 AND 900000 AND attos BETWEEN 0 AND 1000000000000000
        THEN memory_mb::BIGINT * billed_ms::BIGINT * (attos::BIGINT // 1024000)
            + (memory_mb::BIGINT * billed_ms::BIGINT * (attos::BIGINT % 1024000) + 512000) // 1024000
        ELSE priced_wide(memory_mb::HUGEINT * billed_ms, 1024000, attos)
    END;
-- /tmp above 512 MB; not multiplied by memory.
CREATE OR REPLACE MACRO lambda_storage_attos(storage_mb, billed_ms, attos) AS
    CASE WHEN coalesce(storage_mb, 512) <= 512 THEN 0 ELSE priced_wide((storage_mb - 512)::HUGEINT * billed_ms, 1024000, attos) END;
-- A streamed response above 6 MiB.
CREATE OR REPLACE MACRO lambda_streamed_attos(streamed_bytes, attos) AS
    CASE WHEN coalesce(streamed_bytes, 0) <= 6291456 THEN 0 ELSE priced_wide(streamed_bytes::HUGEINT - 6291456, 1073741824, attos) END;
-- A restore that is paid: from a snapshot of a runtime other than Java's.
CREATE OR REPLACE MACRO lambda_restore_attos(memory_mb, restored, attos) AS
    CASE WHEN coalesce(restored, false) THEN priced_wide(memory_mb, 1024, attos) ELSE 0 END;

-- What one invocation costs: its parts and their sum, with the price of its day (without one: the newest).
CREATE OR REPLACE MACRO lambda_cost(
    region, architecture, memory_mb, billed_ms, on_day := DATE '9999-12-31', requests := 1, storage_mb := 512,
    streamed_bytes := 0, restored := false, provisioned := false
) AS (
    SELECT {
        'requests_usd': usd_of(part.requests), 'duration_usd': usd_of(part.duration),
        'ephemeral_storage_usd': usd_of(part.storage), 'streamed_response_usd': usd_of(part.streamed),
        'snapstart_restore_usd': usd_of(part.restore),
        'usd': usd_of(part.requests + part.duration + part.storage + part.streamed + part.restore)
    }
    FROM (
        SELECT {
            'requests': priced(requests, 1, price.request_attos),
            'duration': lambda_duration_attos(
                memory_mb, billed_ms,
                CASE WHEN provisioned THEN price.provisioned_duration_attos ELSE price.duration_attos END
            ),
            'storage': lambda_storage_attos(storage_mb, billed_ms, price.ephemeral_storage_attos),
            'streamed': lambda_streamed_attos(streamed_bytes, price.streamed_response_attos),
            'restore': lambda_restore_attos(memory_mb, restored, price.snapstart_restore_attos)
        } AS part
        FROM lambda_prices AS price
        WHERE price.price_region = region AND price.price_architecture = architecture
            AND price.price_from <= on_day::DATE AND price.price_to > on_day::DATE
    )
);

-- What keeping environments ready costs: each period is rounded up to five minutes.
CREATE OR REPLACE MACRO lambda_capacity_usd(
    region, architecture, memory_mb, environments, seconds, on_day := DATE '9999-12-31'
) AS (
    SELECT usd_of(priced(
        environments::HUGEINT * memory_mb * ((seconds + 299) // 300 * 300), 1024, price.provisioned_capacity_attos
    ))
    FROM lambda_prices AS price
    WHERE price.price_region = region AND price.price_architecture = architecture
        AND price.price_from <= on_day::DATE AND price.price_to > on_day::DATE
);

-- The bill of GB-seconds (given as MB x ms) at their tiers, rounded once on the sum. NULL when a tier that is reached is unknown.
CREATE OR REPLACE MACRO lambda_tiered_usd(region, architecture, mb_ms, on_day := DATE '9999-12-31') AS (
    SELECT CASE
        WHEN count(*) = 0 OR bool_or(tier.used > 0 AND tier.attos IS NULL) THEN NULL
        ELSE usd_of((sum(tier.used * coalesce(tier.attos, 0)) + 512000) // 1024000)
    END
    FROM (
        SELECT {
            'used': greatest(
                least(mb_ms::HUGEINT, coalesce(price.price_tier_to::HUGEINT * 1024000, mb_ms::HUGEINT))
                - price.price_tier_from::HUGEINT * 1024000, 0
            ),
            'attos': price.price_attos
        } AS tier
        FROM price_periods AS price
        WHERE price.price_service = 'lambda' AND price.price_item = 'duration'
            AND price.price_region = region AND price.price_architecture = architecture
            AND price.price_from <= on_day::DATE AND price.price_to > on_day::DATE
    )
);

-- What a task on Fargate costs (Linux, on demand). vcpu counts in 128,000ths, which both 1/1000
-- (Kubernetes) and 1/1024 (ECS) are. seconds: from the start of the image pull to the stop; billed whole, a minute at least.
CREATE OR REPLACE MACRO fargate_cost(
    region, architecture, vcpu, memory_mib, seconds, storage_gib := 20, on_day := DATE '9999-12-31'
) AS (
    SELECT {
        'vcpu_usd': usd_of(part.vcpu), 'memory_usd': usd_of(part.memory), 'ephemeral_storage_usd': usd_of(part.storage),
        'usd': usd_of(part.vcpu + part.memory + part.storage)
    }
    FROM (
        SELECT {
            'vcpu': priced(
                greatest(ceil(seconds::DECIMAL(28, 9))::HUGEINT, 60) * (vcpu::DECIMAL(18, 10) * 128000)::HUGEINT,
                460800000, price.vcpu_hour_attos
            ),
            'memory': priced(
                greatest(ceil(seconds::DECIMAL(28, 9))::HUGEINT, 60) * memory_mib, 3686400, price.gb_hour_attos
            ),
            'storage': CASE
                WHEN coalesce(storage_gib, 20) <= 20 THEN 0
                ELSE priced(
                    greatest(ceil(seconds::DECIMAL(28, 9))::HUGEINT, 60) * (storage_gib - 20), 3600,
                    price.ephemeral_gb_hour_attos
                )
            END
        } AS part
        FROM fargate_prices AS price
        WHERE price.price_region = region AND price.price_architecture = architecture
            AND price.price_from <= on_day::DATE AND price.price_to > on_day::DATE
    )
);
