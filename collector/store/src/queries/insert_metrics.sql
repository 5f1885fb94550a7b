-- insert_metrics.sql: data points that are not kept yet; the caller knows which.
INSERT INTO metric_rows BY NAME
SELECT * FROM arrow($1)
