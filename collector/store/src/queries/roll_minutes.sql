-- roll_minutes.sql: the minutes those lie in; whole are those to be counted anew, for they were not counted by the basis $1.
CREATE OR REPLACE TEMP TABLE touched_minutes AS
SELECT minute, coalesce(bool_or(counted.basis <> $1), FALSE) AS whole
FROM (SELECT DISTINCT second // 60 AS minute FROM temp.touched_seconds)
LEFT JOIN counted_minutes AS counted USING (minute)
GROUP BY minute
