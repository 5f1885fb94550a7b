-- live_spoken.sql: requests that the journal records after one and up to another speak of.
CREATE OR REPLACE TEMP TABLE spoken AS
SELECT invocation_id AS request_id FROM span_rows WHERE sequence > $1 AND sequence <= $2 AND invocation_id IS NOT NULL
UNION
SELECT invocation_id FROM platform_rows WHERE sequence > $1 AND sequence <= $2 AND invocation_id IS NOT NULL
