-- call_minutes: metered calls of services, by minute and by what they are metered as (schema/call_costs.sql); their price is looked for when
-- they are asked for. Recomputed whole like service_minutes. A call that is not priced has no item, or its region was not said.
CREATE TABLE IF NOT EXISTS call_minutes (
    minute TIMESTAMP_NS NOT NULL,
    service VARCHAR NOT NULL,
    remote_kind VARCHAR NOT NULL,
    region VARCHAR,
    item VARCHAR,
    -- Of one call, in halves.
    half_units BIGINT NOT NULL,
    calls UBIGINT NOT NULL
);
