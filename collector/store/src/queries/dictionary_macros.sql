-- dictionary_macros.sql: our macros that have a comment; those without are pieces of others.
SELECT
    function_name AS name,
    array_to_string(parameters, ', ') AS parameters,
    comment AS meaning,
    function_type = 'table_macro' AS is_table
FROM duckdb_functions()
WHERE NOT internal AND comment IS NOT NULL AND function_type IN ('macro', 'table_macro')
ORDER BY is_table DESC, name
