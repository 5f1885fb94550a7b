-- invocation_quantiles.sql: how long the groups of invocation_groups.sql took. Quantiles are of whole invocations.
SELECT
    /* which */ AS which,
    /* name */ AS name,
    quantile_disc(duration_ms, [0.5, 0.95, 0.99]) AS duration,
    quantile_disc(duration_ms, [0.5, 0.95, 0.99]) FILTER (NOT cold_start) AS warm_duration,
    quantile_disc(duration_ms, [0.5, 0.95, 0.99]) FILTER (cold_start) AS cold_duration,
    quantile_disc(wait_ms, [0.5, 0.95, 0.99]) AS init
FROM (
    SELECT /* names */, duration_ms, cold_start, wait_ms
    FROM (
        /* matching */
    )
)
GROUP BY GROUPING SETS (/* sets */)
