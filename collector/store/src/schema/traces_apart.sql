-- traces_apart: the traces of a block of spans have a filter of their own, in slices 16 to 31 of span_blocks. Blocks of before have one that
-- holds both, and so twice.
INSERT INTO span_blocks SELECT first_sequence, last_sequence, slice + 16, bits FROM span_blocks WHERE slice < 16;
