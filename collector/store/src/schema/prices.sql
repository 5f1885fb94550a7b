-- price_rows: one row a tier of a price, with its history. Rows are added, never edited; only those built into the program are replaced
-- when a newer program knows others. Which of several rows holds on a day: queries/price_periods.sql.
CREATE TABLE price_rows (
    -- Counts recordings; the tiers of one price have the same. 0: built in.
    recorded UINTEGER NOT NULL,
    recorded_at TIMESTAMP_NS NOT NULL,
    -- 'built in', 'imported' from AWS's price list, or 'set' by hand. The last wins over the first.
    layer VARCHAR NOT NULL,
    -- '*' is every region.
    region VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    -- What is metered; of EC2 the instance type.
    item VARCHAR NOT NULL,
    -- NULL: whatever the processor.
    architecture VARCHAR,
    unit VARCHAR NOT NULL,
    -- The month's use, in units, from which and up to which this tier holds; NULL is without end.
    tier_from UBIGINT NOT NULL,
    tier_to UBIGINT,
    -- Of one unit, in 10^-18 USD. NULL: unknown, and never to be taken for 0.
    attos HUGEINT,
    -- agreed, single, derived, unsourced, listed or set.
    status VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    -- NULL: always.
    effective_on DATE,
    usagetype VARCHAR,
    -- Of an EC2 instance type, in 10^-10 vCPU and MiB.
    vcpu_e10 UBIGINT,
    memory_mib UBIGINT,
    note VARCHAR NOT NULL
);

-- price_discounts: what is paid below the list, from a day until the next that speaks of the same; '*' is all. Rows are added, never edited.
CREATE TABLE price_discounts (
    recorded UINTEGER NOT NULL,
    recorded_at TIMESTAMP_NS NOT NULL,
    region VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    item VARCHAR NOT NULL,
    -- What is paid of the list price, in millionths.
    paid_ppm UINTEGER NOT NULL,
    -- NULL: always.
    effective_on DATE,
    note VARCHAR NOT NULL
);

-- price_state: one row; which recording was the last, and which built-in book is in the table.
CREATE TABLE price_state (
    recorded UINTEGER NOT NULL,
    built_in VARCHAR NOT NULL
);
INSERT INTO price_state VALUES (0, '');

-- price_periods: which tiers hold from which day (inclusive) to which (exclusive), without gaps or overlaps. Made from price_rows whenever
-- those change, so that a cost joins the price of its day by equality and a range. Columns begin with price_, so that macros
-- may be called with columns named region or architecture.
CREATE TABLE price_periods (
    price_region VARCHAR NOT NULL,
    price_service VARCHAR NOT NULL,
    price_item VARCHAR NOT NULL,
    price_architecture VARCHAR,
    price_from DATE NOT NULL,
    price_to DATE NOT NULL,
    price_tier UINTEGER NOT NULL,
    price_tier_from UBIGINT NOT NULL,
    price_tier_to UBIGINT,
    price_unit VARCHAR NOT NULL,
    -- What is paid of one unit; the row's own price less its discount.
    price_attos HUGEINT,
    price_paid_ppm UINTEGER NOT NULL,
    price_vcpu_e10 UBIGINT,
    price_memory_mib UBIGINT,
    price_layer VARCHAR NOT NULL,
    price_recorded UINTEGER NOT NULL,
    price_effective_on DATE
);

-- lambda_prices: what one invocation is priced with: first tiers side by side, in 10^-18 USD, for each period in which none of
-- them changes.
CREATE TABLE lambda_prices (
    price_region VARCHAR NOT NULL,
    price_architecture VARCHAR NOT NULL,
    price_from DATE NOT NULL,
    price_to DATE NOT NULL,
    request_attos HUGEINT,
    duration_attos HUGEINT,
    provisioned_duration_attos HUGEINT,
    provisioned_capacity_attos HUGEINT,
    ephemeral_storage_attos HUGEINT,
    streamed_response_attos HUGEINT,
    snapstart_restore_attos HUGEINT
);

-- fargate_prices: likewise for a task on Fargate.
CREATE TABLE fargate_prices (
    price_region VARCHAR NOT NULL,
    price_architecture VARCHAR NOT NULL,
    price_from DATE NOT NULL,
    price_to DATE NOT NULL,
    vcpu_hour_attos HUGEINT,
    gb_hour_attos HUGEINT,
    ephemeral_gb_hour_attos HUGEINT
);
