-- trace_containers.sql: what the requests of one trace, under way between $from and $to (ns), kept busy of containers; they share with
-- whatever else was open then.
SELECT usd_of(sum(attos))::VARCHAR AS usd, count(*) FILTER (attos IS NULL) AS unpriced
FROM container_shares($from::BIGINT, $to::BIGINT, ($to - $from)::BIGINT, $from::BIGINT)
WHERE trace_id = $trace
