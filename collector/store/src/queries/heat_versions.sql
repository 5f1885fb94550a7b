-- heat_versions.sql: the versions of the code that the matching spans ran, the newest first: what the process says, or else the
-- function's.
SELECT ran AS "version"
FROM (
    SELECT coalesce(nullif(service_version, ''), seen.function_version) AS ran, coalesce(first_seen, seen_at) AS seen_at
    FROM (
        SELECT resource_id, function_version, max(started_at) AS seen_at
        FROM span_rows
        WHERE TRUE /* conditions */
        GROUP BY resource_id, function_version
    ) AS seen
    LEFT JOIN resource_rows USING (resource_id)
)
WHERE ran IS NOT NULL
GROUP BY ran
ORDER BY max(seen_at) DESC, ran DESC
LIMIT 3
