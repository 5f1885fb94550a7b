-- service_hours, edge_hours: as service_minutes and edge_minutes, each hour summed; minute is the last in which something of the row was counted.
CREATE TABLE IF NOT EXISTS service_hours AS FROM service_minutes LIMIT 0;
CREATE TABLE IF NOT EXISTS edge_hours AS FROM edge_minutes LIMIT 0;

-- counted_hours: those whose sums are there and say what their minutes say. A minute that is counted takes its hour away.
CREATE TABLE IF NOT EXISTS counted_hours (
    -- Since 1970.
    hour BIGINT NOT NULL
);
