-- counted_minutes: by what the minutes in service_minutes and edge_minutes were counted. What new spans change is added to those counted by
-- what holds now and taken from them; others are counted again, whole. A minute without a row was never counted.
CREATE TABLE IF NOT EXISTS counted_minutes (
    -- Since 1970.
    minute BIGINT NOT NULL,
    -- Of the rules, the reach and the services that were known (counts.rs); 0: of none that can be compared.
    basis UBIGINT NOT NULL
);
INSERT INTO counted_minutes
SELECT minute, 0
FROM (SELECT epoch_ns(minute) // 60000000000 AS minute FROM service_minutes UNION SELECT epoch_ns(minute) // 60000000000 FROM edge_minutes);
