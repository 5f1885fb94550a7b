-- What does one record of a batch cost?
-- Queues and streams hand over many at a time: larger batches share the request and the start.
SELECT
    "function",
    count(*) AS batches,
    sum(records)::BIGINT AS records,
    round(sum(records) / count(*), 1) AS records_a_batch,
    round(usd_per_million(sum(cost_usd), sum(records)), 2) AS usd_per_million_records
FROM invocations
WHERE started_at > now() - INTERVAL 7 DAYS AND records > 0
GROUP BY "function"
ORDER BY usd_per_million_records DESC, "function"
LIMIT 20
