-- platform_of_invocations.sql: what the platform said of the touched requests, and of the inits before or inside them.
WITH near AS (
    SELECT * FROM platform_rows WHERE reported_at BETWEEN make_timestamp_ns($1) AND make_timestamp_ns($2)
),
own AS (
    SELECT invocation_id AS request_id, FALSE AS is_init, * FROM near WHERE invocation_id IN (SELECT request_id FROM touched)
),
starts AS (
    SELECT resource_id AS start_resource_id, invocation_id AS request_id, reported_at AS start_at
    FROM near
    WHERE kind = 'start' AND invocation_id IS NOT NULL
),
inits AS (
    SELECT * FROM near WHERE invocation_id IS NULL AND resource_id IN (SELECT resource_id FROM own)
),
of_first_start AS (
    -- An init belongs to one invocation: the first that starts after it in its process.
    SELECT starts.request_id, TRUE AS is_init, inits.*
    FROM inits ASOF JOIN starts ON inits.resource_id = starts.start_resource_id AND inits.reported_at <= starts.start_at
    WHERE inits.phase IS DISTINCT FROM 'invoke'
    UNION ALL
    SELECT starts.request_id, TRUE, inits.*
    FROM inits ASOF JOIN starts ON inits.resource_id = starts.start_resource_id AND inits.reported_at >= starts.start_at
    WHERE inits.phase = 'invoke'
)
SELECT *, epoch_ns(reported_at) AS reported_ns
FROM (FROM own UNION ALL BY NAME (FROM of_first_start WHERE request_id IN (SELECT request_id FROM touched)))
ORDER BY request_id, reported_at, kind
