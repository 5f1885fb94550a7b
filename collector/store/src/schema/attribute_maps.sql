-- attribute_maps: attributes that were a VARIANT, with the types that JSON cannot tell beside them, become a map of text with a letter
-- an entry. What the letters mean: rows/attribute_map.rs.
CREATE OR REPLACE TEMP MACRO attribute_letters(flat, hidden) AS (
    SELECT CASE WHEN regexp_full_match(letters, 's*') THEN NULL ELSE letters || coalesce('[' || spelled || ']', '') END
    FROM (
        SELECT
            string_agg(CASE
                WHEN entry.value IS NULL THEN 'n'
                WHEN hidden[entry.key] IS NULL THEN
                    CASE json_type(entry.value) WHEN 'VARCHAR' THEN 's' WHEN 'BOOLEAN' THEN 'b' WHEN 'DOUBLE' THEN 'd' WHEN 'NULL' THEN 'n' ELSE 'i' END
                ELSE coalesce(MAP {'"array"': 'a', '"map"': 'm', '"bytes"': 'y', '"double"': 'd'}[hidden[entry.key]::VARCHAR], 'x')
            END, '' ORDER BY place) AS letters,
            string_agg(json_extract(hidden[entry.key], '$.exact')::VARCHAR, ',' ORDER BY place) AS spelled
        FROM (SELECT unnest(map_entries(flat)) AS entry, generate_subscripts(map_entries(flat), 1) AS place)
    )
);

UPDATE span_rows SET attribute_types = attribute_letters(attributes::JSON::MAP(VARCHAR, JSON), attribute_types::JSON::MAP(VARCHAR, JSON));
ALTER TABLE span_rows ALTER attributes TYPE MAP(VARCHAR, VARCHAR) USING attributes::JSON::MAP(VARCHAR, VARCHAR);

UPDATE log_rows SET attribute_types = attribute_letters(attributes::JSON::MAP(VARCHAR, JSON), attribute_types::JSON::MAP(VARCHAR, JSON));
ALTER TABLE log_rows ALTER attributes TYPE MAP(VARCHAR, VARCHAR) USING attributes::JSON::MAP(VARCHAR, VARCHAR);

UPDATE metric_rows SET attribute_types = attribute_letters(attributes::JSON::MAP(VARCHAR, JSON), attribute_types::JSON::MAP(VARCHAR, JSON));
ALTER TABLE metric_rows ALTER attributes TYPE MAP(VARCHAR, VARCHAR) USING attributes::JSON::MAP(VARCHAR, VARCHAR);

UPDATE resource_rows SET attribute_types = attribute_letters(attributes::JSON::MAP(VARCHAR, JSON), attribute_types::JSON::MAP(VARCHAR, JSON));
ALTER TABLE resource_rows ALTER attributes TYPE MAP(VARCHAR, VARCHAR) USING attributes::JSON::MAP(VARCHAR, VARCHAR);

DROP MACRO temp.attribute_letters;
