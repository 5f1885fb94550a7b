-- edge_minutes: calls from node to node, by minute, way and duration bucket (exponential, scale 3).
-- Durations are those the caller saw; of async and poll edges between two services, the time from send to start.
CREATE TABLE edge_minutes (
    minute TIMESTAMP_NS NOT NULL,
    caller_kind VARCHAR NOT NULL,
    caller VARCHAR NOT NULL,
    callee_kind VARCHAR NOT NULL,
    callee VARCHAR NOT NULL,
    way VARCHAR NOT NULL,
    bucket INTEGER NOT NULL,
    calls UBIGINT NOT NULL,
    errors UBIGINT NOT NULL,
    faults UBIGINT NOT NULL,
    throttles UBIGINT NOT NULL
);
