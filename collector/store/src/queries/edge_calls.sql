-- edge_calls.sql: what calls begun from $1 to $2 (ns) cost that AWS meters by themselves, by the edge they went over, in 10^-18 USD.
SELECT
    FALSE AS "between", service, remote_kind, remote_name, kind <> 'server' AS sent,
    sum(attos) AS calls, count(*) FILTER (attos IS NULL) AS unpriced_calls
FROM priced_between($1, $2)
WHERE remote_name IS NOT NULL /* conditions */
GROUP BY ALL
ORDER BY ALL
