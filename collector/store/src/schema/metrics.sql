-- metrics: one row a data point of a platform or container metric; all other metrics are accepted and counted only.
CREATE TABLE metric_rows (
    sequence UBIGINT NOT NULL,
    name VARCHAR NOT NULL,
    unit VARCHAR NOT NULL,
    "time" TIMESTAMP_NS NOT NULL,
    service VARCHAR NOT NULL,
    resource_id UBIGINT NOT NULL,
    -- Of a histogram the sum; sample_count says of how many.
    "value" DOUBLE NOT NULL,
    sample_count UBIGINT,
    attributes MAP(VARCHAR, VARCHAR),
    attribute_types VARCHAR,
    received_at TIMESTAMP_NS NOT NULL
);
