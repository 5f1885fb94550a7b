-- resource_signs: when a container's first and last sign was seen, a span or a metric, in ns. Added to as they come: how long a task lived is
-- asked on every map. A sign dated after its receipt is as old as its receipt.
CREATE TABLE IF NOT EXISTS resource_signs (
    resource_id UBIGINT NOT NULL,
    first_ns BIGINT NOT NULL,
    last_ns BIGINT NOT NULL
);
