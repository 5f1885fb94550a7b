-- roll_basis.sql: by what basis, $1, the minutes were counted. One that is added to keeps its own, which is the same, or 0 where spans left.
MERGE INTO counted_minutes AS kept
USING temp.touched_minutes AS touched
ON kept.minute = touched.minute
WHEN MATCHED AND touched.whole THEN UPDATE SET basis = $1
WHEN NOT MATCHED THEN INSERT (minute, basis) VALUES (touched.minute, $1)
