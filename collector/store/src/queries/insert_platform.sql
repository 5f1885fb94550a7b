-- insert_platform.sql: what the platform's records among the logs say.
INSERT INTO platform_rows BY NAME
SELECT * FROM arrow($1)
