-- span_blocks: of spans that were written one after another, in which no value of an attribute, no trace and no request is but those that
-- the Bloom filter holds (bloom.rs). A search for one value passes over the others. Spans that no row here speaks of are always read.
-- Half of the bits are set, so nothing is gained by ZSTD, and to read a slice it would unpack all of them.
CREATE TABLE IF NOT EXISTS span_blocks (
    -- The journal records of the block, from and to.
    first_sequence UBIGINT NOT NULL,
    last_sequence UBIGINT NOT NULL,
    -- Which part of the filter: four bits of the fingerprint, and 16 more for traces, which have a filter of their own (span_blocks.rs).
    slice UTINYINT NOT NULL,
    bits BLOB NOT NULL USING COMPRESSION uncompressed
);
