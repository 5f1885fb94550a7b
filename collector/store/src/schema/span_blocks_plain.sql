-- span_blocks_plain: filters as span_blocks.sql has them now; the engine had chosen ZSTD for them.
CREATE TABLE span_blocks_plain (
    first_sequence UBIGINT NOT NULL,
    last_sequence UBIGINT NOT NULL,
    slice UTINYINT NOT NULL,
    bits BLOB NOT NULL USING COMPRESSION uncompressed
);
INSERT INTO span_blocks_plain FROM span_blocks;
DROP TABLE span_blocks;
ALTER TABLE span_blocks_plain RENAME TO span_blocks;
