-- tell_invocations.sql: the attempts found, with who ran them: the span's process, else the one whose platform records told of it.
INSERT INTO invocation_rows BY NAME
SELECT
    attempt.* EXCLUDE (has_span, resource_id, version),
    coalesce(span.service, reporter.service) AS service,
    coalesce(ran.environment, reporter.environment) AS environment,
    coalesce(span."function", reporter."function") AS "function",
    coalesce(span.function_arn, reporter.cloud_resource_id) AS function_arn,
    coalesce(span.function_version, attempt.version, reporter.function_version) AS version,
    coalesce(span.cloud_region, ran.cloud_region, reporter.cloud_region) AS region,
    coalesce(span.cloud_account_id, ran.cloud_account_id, reporter.cloud_account_id) AS account,
    -- OpenTelemetry says amd64 and arm64, Lambda x86_64 and arm64; prices go by Lambda's.
    CASE lower(coalesce(ran.architecture, reporter.architecture))
        WHEN 'arm64' THEN 'arm64' WHEN 'aarch64' THEN 'arm64' WHEN 'amd64' THEN 'x86_64' WHEN 'x86_64' THEN 'x86_64'
    END AS architecture,
    coalesce(ran.runtime, reporter.runtime) AS runtime,
    coalesce(span.function_instance, reporter.function_instance) AS instance,
    span.http_route AS route,
    span.faas_trigger,
    span.way,
    span.records,
    coalesce(ran.storage_mb, reporter.storage_mb) AS storage_mb,
    span.tenant
FROM (
    SELECT * REPLACE (coalesce(memory_mb, (SELECT any_value(r.memory_mb) FROM resource_rows AS r WHERE r.resource_id = told.resource_id)) AS memory_mb)
    FROM handed($1) AS told
) AS attempt
LEFT JOIN (
    SELECT * FROM temp.invoking
    -- Some senders give two spans one id; an invocation is one row all the same.
    QUALIFY row_number() OVER (PARTITION BY invocation_id, trace_id, span_id ORDER BY kind = 'server' DESC, started_at, kind) = 1
) AS span
  ON attempt.has_span AND span.invocation_id = attempt.request_id AND span.trace_id = attempt.trace_id AND span.span_id = attempt.span_id
LEFT JOIN resource_rows AS ran ON ran.resource_id = span.resource_id
LEFT JOIN resource_rows AS reporter ON reporter.resource_id = attempt.resource_id
