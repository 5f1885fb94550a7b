-- live_invocation_count.sql: how many there are for live_invocations.sql.
SELECT count(*)
FROM invocations
WHERE request_id IN (SELECT request_id FROM spoken) AND duration_ms IS NOT NULL /* conditions */
