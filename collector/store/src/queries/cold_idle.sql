-- cold_idle.sql: how long the functions of matching cold starts had been idle, each as its place among the bounds (0: others were running;
-- NULL: nothing before is known), and how many. Idle is from the end of the invocation that began last before.
WITH matching AS MATERIALIZED (
    SELECT coalesce("function", service) AS name, started_at FROM invocations WHERE cold_start /* conditions */
)
SELECT
    -- A list of bounds would be made anew for each row; they are few, and ascend.
    CASE WHEN idle_ns IS NOT NULL THEN
        (idle_ns >= 0)::BIGINT + (idle_ns >= 10000000000)::BIGINT + (idle_ns >= 60000000000)::BIGINT + (idle_ns >= 300000000000)::BIGINT
        + (idle_ns >= 900000000000)::BIGINT + (idle_ns >= 3600000000000)::BIGINT + (idle_ns >= 21600000000000)::BIGINT
    END AS place,
    count(*) AS starts
FROM (
    SELECT epoch_ns(matching.started_at) - epoch_ns(before.before_at) - coalesce(before.lasted_ns, 0) AS idle_ns
    FROM matching
    ASOF LEFT JOIN (
        SELECT coalesce("function", service) AS before_name, started_at AS before_at, duration_ns AS lasted_ns
        FROM invocation_rows
        WHERE coalesce("function", service) IN (SELECT name FROM matching)
    ) AS before
      ON before.before_name = matching.name AND before.before_at < matching.started_at
)
GROUP BY place
ORDER BY place
