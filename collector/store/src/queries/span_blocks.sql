-- span_blocks.sql: slices $1 to $2 of the Bloom filters of every block of spans.
SELECT first_sequence, last_sequence, slice, bits FROM span_blocks WHERE slice BETWEEN $1 AND $2
