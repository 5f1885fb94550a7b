-- roll_spans.sql: the spans to be counted, each with its parent and with the service that answered it, as they were when journal records up to
-- $1 were written.
CREATE OR REPLACE TEMP TABLE rolling AS
WITH near AS (FROM temp.near WHERE sequence <= $1),
here AS (SELECT * EXCLUDE (is_here, sequence) FROM near WHERE is_here),
/* requests */
