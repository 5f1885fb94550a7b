-- cost_minutes: what invocations and metered calls cost, by the minute in which they began and by what most questions group them; money is
-- whole 10^-18 USD. Recomputed whole for minutes in cost_dirty, which is empty but after prices have changed or while much comes.
DROP TABLE IF EXISTS call_minutes;
CREATE TABLE IF NOT EXISTS cost_minutes (
    minute TIMESTAMP_NS NOT NULL,
    -- function: invocations, and the calls they made. container, other: calls that no invocation made.
    made_by VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    environment VARCHAR,
    "function" VARCHAR,
    version VARCHAR,
    region VARCHAR,
    architecture VARCHAR,
    memory_mb BIGINT,
    invocations BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    cold BIGINT NOT NULL,
    unpriced BIGINT NOT NULL,
    -- Whose billed time the platform reported.
    reports BIGINT NOT NULL,
    -- Those that stand for more than themselves, for how many more, in millionths, and what those cost.
    sampled BIGINT NOT NULL,
    left_out HUGEINT NOT NULL,
    left_out_attos HUGEINT NOT NULL,
    -- The parts of the cost of those that have a price; calls are what they called.
    requests HUGEINT NOT NULL,
    own HUGEINT NOT NULL,
    waiting HUGEINT NOT NULL,
    init HUGEINT NOT NULL,
    flush HUGEINT NOT NULL,
    storage HUGEINT NOT NULL,
    streamed HUGEINT NOT NULL,
    restore HUGEINT NOT NULL,
    calls HUGEINT NOT NULL,
    unpriced_calls BIGINT NOT NULL,
    in_failed HUGEINT NOT NULL,
    calls_in_failed HUGEINT NOT NULL,
    reported HUGEINT NOT NULL,
    -- All of it, were it on arm64, and how many of which nobody can tell.
    on_arm64 HUGEINT NOT NULL,
    not_on_arm64 BIGINT NOT NULL
);

-- cost_dirty: minutes whose costs are not what cost_minutes says, any number of times each.
CREATE TABLE IF NOT EXISTS cost_dirty (
    minute TIMESTAMP_NS NOT NULL
);
