-- invocations_matching.sql: matching invocations, and what groups of them need to know of each besides.
SELECT
    *,
    coalesce(init_ms, suppressed_init_ms, restore_ms) AS wait_ms,
    -- What the platform reports of a service is complete, whatever was sampled.
    stands_for > 1 AND service NOT IN (SELECT DISTINCT service FROM invocation_rows WHERE cost_state = 'reported') AS is_sampled
FROM invocations_in_attos
WHERE TRUE /* conditions */
