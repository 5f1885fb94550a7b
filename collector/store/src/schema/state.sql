-- state: one row of facts about this database, written in the same transactions as the rows they speak of.
CREATE TABLE state (
    -- Journal records up to this sequence are in the tables.
    written_sequence UBIGINT NOT NULL,
    -- CRC-32C of the text that the views were made from.
    views UINTEGER NOT NULL
);
INSERT INTO state VALUES (0, 0);

-- rolled: spans up to this sequence are counted in the rollups. A table of its own: another thread writes it.
CREATE TABLE rolled (
    sequence UBIGINT NOT NULL
);
INSERT INTO rolled VALUES (0);

-- schema_version: which migrations ran here, and when. The highest is the schema's version.
CREATE TABLE schema_version (
    version INTEGER NOT NULL,
    applied_at TIMESTAMP_NS NOT NULL
);
