-- function_sizes.sql: what was seen of one function between $from and $to, by region, processor and memory size; the most used first.
-- Only what has a billed time: the rest says nothing of cost.
SELECT
    region, coalesce(architecture, 'x86_64') AS architecture, memory_mb,
    min(runtime) AS runtime,
    count(*) AS invocations,
    sum(billed_ms)::BIGINT AS billed_ms,
    count(*) FILTER (cold_start) AS cold_starts,
    count(*) FILTER (cold_start AND init_ms > 0) AS inits,
    sum(least(ceil(init_ms)::BIGINT, billed_ms)) FILTER (cold_start AND init_ms > 0)::BIGINT AS init_ms,
    count(*) FILTER (cost_state = 'reported') AS reported,
    quantile_disc(duration_ms, 0.5) AS p50_ms,
    quantile_disc(duration_ms, 0.95) AS p95_ms,
    max(max_memory_mb) AS max_memory_mb,
    sum(cost_usd)::VARCHAR AS usd,
    epoch_ns(min(started_at)) AS first_ns,
    epoch_ns(max(started_at)) AS last_ns
FROM invocations
WHERE coalesce("function", service) = $function AND started_at >= make_timestamp_ns($from) AND started_at < make_timestamp_ns($to)
  AND billed_ms IS NOT NULL AND memory_mb > 0 AND region IS NOT NULL
GROUP BY ALL
ORDER BY invocations DESC, memory_mb, architecture, region
LIMIT 100
