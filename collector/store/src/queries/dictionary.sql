-- dictionary.sql: every column of every view and table, with the comments of both.
SELECT
    c.table_name AS name,
    coalesce(v.comment, t.comment, '') AS view_meaning,
    c.column_name,
    c.data_type,
    coalesce(c.comment, '') AS meaning
FROM duckdb_columns() AS c
LEFT JOIN duckdb_views() AS v ON v.view_name = c.table_name AND v.schema_name = c.schema_name AND NOT v.internal
LEFT JOIN duckdb_tables() AS t ON t.table_name = c.table_name AND t.schema_name = c.schema_name
WHERE c.schema_name = 'main' AND NOT c.internal
ORDER BY c.table_name, c.column_index
