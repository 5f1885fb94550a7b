-- insert_logs.sql: log records that are not kept yet; the caller knows which.
INSERT INTO log_rows BY NAME
SELECT * FROM arrow($1)
