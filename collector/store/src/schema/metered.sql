-- metered: what span_rows lacked before it knew what calls are metered by, read from the attributes that were kept.
ALTER TABLE span_rows ADD COLUMN IF NOT EXISTS call_bytes BIGINT;
ALTER TABLE span_rows ADD COLUMN IF NOT EXISTS trigger_source VARCHAR;
ALTER TABLE span_rows ADD COLUMN IF NOT EXISTS consistent_read BOOLEAN;
ALTER TABLE span_rows ADD COLUMN IF NOT EXISTS consumed_capacity VARCHAR;
ALTER TABLE span_rows ADD COLUMN IF NOT EXISTS sent_ms BIGINT;
ALTER TABLE span_rows ADD COLUMN IF NOT EXISTS resends BIGINT;
ALTER TABLE span_rows ADD COLUMN IF NOT EXISTS customer VARCHAR;
UPDATE span_rows
SET
    call_bytes = CASE
        WHEN remote_kind IN ('sqs', 'sns', 'eventbridge', 'stepfunctions', 'apigateway')
        THEN TRY_CAST(coalesce(
            attributes['messaging.message.envelope.size'], attributes['messaging.message.body.size'], attributes['http.request.body.size']
        ) AS UINTEGER)::BIGINT
    END,
    trigger_source = CASE WHEN remote_kind = 'apigateway' THEN attributes['coldlight.trigger.source'] END,
    consistent_read = CASE WHEN remote_kind = 'dynamodb' THEN TRY_CAST(attributes['aws.dynamodb.consistent_read'] AS BOOLEAN) END,
    consumed_capacity = CASE
        WHEN remote_kind = 'dynamodb'
        THEN nullif(regexp_extract(attributes['aws.dynamodb.consumed_capacity'], '"CapacityUnits\\*"\s*:\s*([0-9.]+)', 1), '')
    END,
    sent_ms = TRY_CAST(attributes['coldlight.trigger.sent_at'] AS BIGINT),
    resends = CASE
        WHEN kind IN ('client', 'producer')
        THEN coalesce(TRY_CAST(attributes['http.request.resend_count'] AS BIGINT), TRY_CAST(attributes['retry_attempts'] AS BIGINT))
    END,
    customer = nullif(attributes['customer.id'], '')
WHERE coalesce(
    attributes['messaging.message.envelope.size'], attributes['messaging.message.body.size'], attributes['http.request.body.size'],
    attributes['coldlight.trigger.source'], attributes['aws.dynamodb.consistent_read'], attributes['aws.dynamodb.consumed_capacity'],
    attributes['coldlight.trigger.sent_at'], attributes['http.request.resend_count'], attributes['retry_attempts'], attributes['customer.id']
) IS NOT NULL;
