-- cold_splits.sql: where the inits of matching cold starts spent their time, on average, by function.
--
-- The platform tells when an init began, when each extension was ready, when the runtime asked for its first event, and how long all took.
-- An init belongs to the first start after it in its process.
WITH matching AS MATERIALIZED (
    SELECT request_id, trace_id, span_id, started_at, coalesce("function", service) AS name
    FROM invocations
    WHERE cold_start AND init_ms > 0 /* conditions */
),
starts AS (
    SELECT matching.*, told.resource_id, epoch_ns(told.reported_at) AS start_ns
    FROM matching
    JOIN platform_rows AS told ON told.invocation_id = matching.request_id AND told.kind = 'start'
),
told AS MATERIALIZED (
    SELECT kind, resource_id, epoch_ns(reported_at) AS at_ns, duration_ns
    FROM platform_rows
    WHERE kind IN ('initStart', 'initRuntimeDone', 'initReport') AND phase IS DISTINCT FROM 'invoke'
      AND resource_id IN (SELECT resource_id FROM starts)
),
inits AS MATERIALIZED (
    SELECT starts.*, began.at_ns AS began_ns
    FROM starts
    ASOF JOIN (SELECT * FROM told WHERE kind = 'initStart') AS began
      ON began.resource_id = starts.resource_id AND began.at_ns <= starts.start_ns
),
ready AS (
    SELECT inits.request_id, inits.start_ns, max(epoch_ns(logged_at)) AS ready_ns
    FROM log_rows
    JOIN inits ON inits.resource_id = log_rows.resource_id
     AND epoch_ns(logged_at) >= began_ns AND epoch_ns(logged_at) <= inits.start_ns
    WHERE attributes['type']::VARCHAR = 'platform.extension'
    GROUP BY ALL
),
parts AS (
    SELECT
        inits.name,
        -- The runtime cannot be done before it began, nor after the whole.
        greatest(done.at_ns - began_ns, 0) AS done_ns,
        greatest(whole.duration_ns::BIGINT, done.at_ns - began_ns, 0) AS whole_ns,
        -- One that was ready only after the runtime was done began beside it: that is the rest.
        CASE WHEN ready.ready_ns < done.at_ns THEN ready.ready_ns - began_ns END AS extensions_ns,
        TRY_CAST(span.attributes['coldlight.init_ms'] AS BIGINT) * 1000000 AS own_ns
    FROM inits
    ASOF JOIN (SELECT * FROM told WHERE kind = 'initRuntimeDone') AS done
      ON done.resource_id = inits.resource_id AND done.at_ns <= inits.start_ns
    ASOF JOIN (SELECT * FROM told WHERE kind = 'initReport') AS whole
      ON whole.resource_id = inits.resource_id AND whole.at_ns <= inits.start_ns
    LEFT JOIN ready ON ready.request_id = inits.request_id AND ready.start_ns = inits.start_ns
    LEFT JOIN span_rows AS span ON span.trace_id = inits.trace_id AND span.span_id = inits.span_id AND span.kind <> 'internal'
    WHERE done.at_ns >= began_ns
)
SELECT
    name,
    count(*) AS inits,
    avg(whole_ns)::BIGINT AS whole_ns,
    -- Where only some tell, those that do not had none.
    CASE WHEN count(extensions_ns) > 0 THEN avg(coalesce(extensions_ns, 0))::BIGINT END AS extensions_ns,
    CASE WHEN count(own_ns) = count(*) THEN avg(least(own_ns, done_ns - coalesce(extensions_ns, 0)))::BIGINT END AS own_ns,
    avg(done_ns)::BIGINT AS done_ns
FROM parts
GROUP BY name
ORDER BY inits DESC, name
LIMIT 12
