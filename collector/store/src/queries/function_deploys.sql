-- function_deploys.sql: versions of $function that were seen first between $from and $to, and not as the first of their kind. A span begins
-- before it is received, so of what was received before $from nothing is asked but that.
WITH senders AS (
    SELECT resource_id, service, any_value(service_version) AS version, min(first_seen) AS received_at
    FROM resource_rows
    WHERE service_version IS NOT NULL
      AND service IN (SELECT DISTINCT service FROM invocation_rows WHERE coalesce("function", service) = $function)
    GROUP BY ALL
),
received AS (
    SELECT version, epoch_ns(min(received_at)) AS first_ns FROM senders GROUP BY version
)
SELECT what, version, first_ns
FROM (
    SELECT what, version, first_ns, min(first_ns) OVER (PARTITION BY what) AS first_of_all
    FROM (
        SELECT 'version' AS what, version, epoch_ns(min(started_at)) AS first_ns
        FROM invocation_rows
        WHERE coalesce("function", service) = $function AND version IS NOT NULL
        GROUP BY version
        UNION ALL
        SELECT 'service.version', version, first_ns FROM received WHERE first_ns < $from
        UNION ALL
        SELECT 'service.version', sender.version, epoch_ns(min(started_at))
        FROM span_rows
        JOIN (FROM senders SEMI JOIN (FROM received WHERE first_ns >= $from) AS late USING (version)) AS sender
            USING (resource_id, service)
        GROUP BY sender.version
    )
)
WHERE first_ns > first_of_all AND first_ns >= $from AND first_ns < $to
ORDER BY first_ns, what, version
LIMIT 20
