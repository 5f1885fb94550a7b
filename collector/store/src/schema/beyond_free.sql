-- beyond_free: what invocations are priced by besides requests and time, where it is more than is free: the size of /tmp, as the resource
-- says, and the bytes of a streamed response, which were kept before they were priced.
ALTER TABLE resource_rows ADD COLUMN IF NOT EXISTS storage_mb BIGINT;
UPDATE resource_rows
SET storage_mb = TRY_CAST(attributes['coldlight.lambda.ephemeral_storage_mb'] AS BIGINT)
WHERE TRY_CAST(attributes['coldlight.lambda.ephemeral_storage_mb'] AS BIGINT) BETWEEN 512 AND 10240;
ALTER TABLE invocation_rows ADD COLUMN IF NOT EXISTS storage_mb BIGINT;
ALTER TABLE cost_minutes ADD COLUMN IF NOT EXISTS storage HUGEINT DEFAULT 0;
ALTER TABLE cost_minutes ADD COLUMN IF NOT EXISTS streamed HUGEINT DEFAULT 0;
INSERT INTO cost_dirty
SELECT DISTINCT make_timestamp_ns(minute * 60000000000)
FROM (SELECT epoch_ns(started_at) // 60000000000 AS minute FROM invocation_rows WHERE produced_bytes > 6291456)
WHERE minute < 153722000;
