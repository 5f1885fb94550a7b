-- roll_signs.sql: what came of containers with journal records after $1, up to $2.
MERGE INTO resource_signs AS kept
USING (
    SELECT resource_id, min(first_ns) AS first_ns, max(last_ns) AS last_ns
    FROM (
        SELECT
            resource_id, epoch_ns(least(started_at, received_at)) AS first_ns,
            least(epoch_ns(started_at) + duration_ns, epoch_ns(received_at)) AS last_ns
        FROM span_rows
        WHERE sequence > $1 AND sequence <= $2
        UNION ALL
        SELECT resource_id, epoch_ns(least("time", received_at)), epoch_ns(least("time", received_at))
        FROM metric_rows
        WHERE sequence > $1 AND sequence <= $2
    )
    WHERE resource_id IN (SELECT resource_id FROM container_resources)
    GROUP BY resource_id
) AS fresh
ON kept.resource_id = fresh.resource_id
WHEN MATCHED THEN UPDATE SET first_ns = least(kept.first_ns, fresh.first_ns), last_ns = greatest(kept.last_ns, fresh.last_ns)
WHEN NOT MATCHED THEN INSERT (resource_id, first_ns, last_ns) VALUES (fresh.resource_id, fresh.first_ns, fresh.last_ns)
