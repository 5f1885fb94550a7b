-- service_minutes: requests served, by minute, service and duration bucket (exponential, scale 3).
-- Spans that come change it as they change their traces (counts.rs), so late ones count too.
CREATE TABLE service_minutes (
    minute TIMESTAMP_NS NOT NULL,
    service VARCHAR NOT NULL,
    platform VARCHAR NOT NULL,
    -- Came from outside: no caller among our spans.
    entry BOOLEAN NOT NULL,
    bucket INTEGER NOT NULL,
    calls UBIGINT NOT NULL,
    errors UBIGINT NOT NULL,
    faults UBIGINT NOT NULL,
    throttles UBIGINT NOT NULL
);
