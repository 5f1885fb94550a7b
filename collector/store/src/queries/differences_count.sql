-- differences_count.sql: the sizes of two sets of spans.
SELECT count(*) FILTER (inside) AS inside, count(*) FILTER (outside AND NOT inside) AS outside
FROM (
    SELECT coalesce(/* inside */, FALSE) AS inside, coalesce(/* outside */, FALSE) AS outside
    FROM span_rows
    WHERE TRUE /* conditions */
)
