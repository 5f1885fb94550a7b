-- span_blocks.sql: one slice of the Bloom filters of every block of spans.
SELECT first_sequence, last_sequence, bits FROM span_blocks WHERE slice = ?
