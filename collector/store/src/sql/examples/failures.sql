-- How much was paid for failures?
-- Errors, timeouts and invocations that ran out of memory are billed like the others.
SELECT
    "function", outcome, error_type,
    count(*) AS invocations,
    round(sum(cost_usd), 6) AS usd
FROM invocations
WHERE started_at > now() - INTERVAL 1 DAY AND outcome <> 'ok'
GROUP BY "function", outcome, error_type
ORDER BY usd DESC, invocations DESC, "function", outcome
LIMIT 20
