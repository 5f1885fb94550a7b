-- service_rows.sql: requests served by the spans in `rolling`, by minute. An entry is a request that no span of ours made.
SELECT
    make_timestamp_ns(minute * 60000000000), service, any_value(platform),
    parent_service IS NULL AND (remote_kind IS NULL OR remote_kind NOT IN ('sqs', 'sns', 'kinesis', 'eventbridge', 'dynamodb', 's3', 'messaging')) AS entry,
    greatest(ceil(log2(greatest(duration_ns, 1)) * 8)::INTEGER - 1, 0) AS bucket,
    count(*), count(*) FILTER (error), count(*) FILTER (fault), count(*) FILTER (throttle)
FROM rolling
WHERE request
GROUP BY minute, service, entry, bucket
