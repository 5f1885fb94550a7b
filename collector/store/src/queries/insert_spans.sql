-- insert_spans.sql: spans that are not kept yet; the caller knows which.
INSERT INTO span_rows BY NAME
SELECT * FROM arrow($1)
