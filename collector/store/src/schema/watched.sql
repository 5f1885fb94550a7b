-- watched: searches that somebody named, alerts and how they stand, and what they did. Small, and written by hand or when something
-- changes; nothing of it can be told from spans again.
CREATE TABLE saved_search_rows (
    search_id VARCHAR NOT NULL,
    "name" VARCHAR NOT NULL,
    -- map, traces or invocations.
    page VARCHAR NOT NULL,
    filter VARCHAR NOT NULL,
    -- The rest of the page's address.
    query VARCHAR NOT NULL,
    created_at TIMESTAMP_NS NOT NULL
);
CREATE TABLE alert_rows (
    alert_id VARCHAR NOT NULL,
    "name" VARCHAR NOT NULL,
    -- requests or invocations.
    about VARCHAR NOT NULL,
    filter VARCHAR NOT NULL,
    signal VARCHAR NOT NULL,
    window_ns BIGINT NOT NULL,
    -- Bounds in the signal's unit: millionths, nanoseconds, 10^-18 USD.
    above HUGEINT NOT NULL,
    clear HUGEINT NOT NULL,
    hold_ns BIGINT NOT NULL,
    created_at TIMESTAMP_NS NOT NULL,
    -- ok, pending, firing or no-data, and since when.
    state VARCHAR NOT NULL,
    since TIMESTAMP_NS NOT NULL
);
CREATE TABLE alert_event_rows (
    event_id VARCHAR NOT NULL,
    alert_id VARCHAR NOT NULL,
    "name" VARCHAR NOT NULL,
    happened_at TIMESTAMP_NS NOT NULL,
    from_state VARCHAR NOT NULL,
    to_state VARCHAR NOT NULL,
    figure HUGEINT,
    -- none, waiting, sent or failed.
    delivery VARCHAR NOT NULL,
    attempts UINTEGER NOT NULL,
    problem VARCHAR
);
