-- insert_resources.sql: resources that are not kept yet. The caller knows which; the check is for those of before a restart.
INSERT INTO resource_rows BY NAME
SELECT * FROM arrow(?) AS fresh
WHERE NOT EXISTS (SELECT 1 FROM resource_rows AS kept WHERE kept.resource_id = fresh.resource_id)
