-- sampled: what invocation_rows lacked before it knew of sampling.
ALTER TABLE invocation_rows ADD COLUMN IF NOT EXISTS stands_for BIGINT;
