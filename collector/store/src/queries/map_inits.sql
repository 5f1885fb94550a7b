-- map_inits.sql: what the first invocations of each service waited for, in ns.
WITH first AS (
    SELECT service, coalesce(init_ns, suppressed_init_ns, restore_ns) AS wait_ns
    FROM invocation_rows
    WHERE cold_start AND started_at >= make_timestamp_ns($1) AND started_at < make_timestamp_ns($2)
)
SELECT service, quantile_disc(wait_ns, 0.5) AS median, quantile_disc(wait_ns, 0.95) AS p95
FROM first
WHERE service IS NOT NULL AND wait_ns IS NOT NULL
GROUP BY service
