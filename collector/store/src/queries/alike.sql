-- alike.sql: of the traces whose root has one service and name, in a range of time and without one trace, the one in the
-- middle by response: of all, of those with and without a cold start, and of each version, the newest five versions.
WITH roots AS (
    SELECT
        trace_id,
        arg_min(duration_ns, started_at) AS response_ns,
        min(started_at) AS started_at,
        arg_min(coalesce(span.function_version, resource.service_version), started_at) AS version
    FROM span_rows AS span
    LEFT JOIN resource_rows AS resource USING (resource_id)
    WHERE span.service = $service AND span."name" = $name AND span.parent_span_id IS NULL
      AND span.started_at BETWEEN make_timestamp_ns($from) AND make_timestamp_ns($to)
      AND span.trace_id <> $trace
    GROUP BY trace_id
),
starts AS (
    SELECT trace_id, bool_or(cold_start) AS cold
    FROM invocation_parts
    WHERE trace_id IN (SELECT trace_id FROM roots)
      AND started_at BETWEEN make_timestamp_ns($from) AND make_timestamp_ns($to)
    GROUP BY trace_id
),
likes AS (SELECT roots.*, starts.cold FROM roots LEFT JOIN starts USING (trace_id)),
grouped AS (
    SELECT 'all' AS "group", '' AS label, trace_id, response_ns, started_at FROM likes
    UNION ALL
    SELECT CASE WHEN cold THEN 'cold' ELSE 'warm' END, '', trace_id, response_ns, started_at FROM likes WHERE cold IS NOT NULL
    UNION ALL
    SELECT 'version', version, trace_id, response_ns, started_at FROM likes WHERE version IS NOT NULL AND version <> ''
),
placed AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY "group", label ORDER BY response_ns, trace_id) AS place,
        count(*) OVER (PARTITION BY "group", label) AS members,
        max(started_at) OVER (PARTITION BY "group", label) AS newest
    FROM grouped
)
SELECT "group", label, trace_id, response_ns, members
FROM placed
WHERE place = (members + 1) // 2
ORDER BY "group", newest DESC, label
LIMIT 8
