-- cost_sums.sql: the parts of minutes in `cost_parts` as rows of cost_minutes, in the order of its columns.
INSERT INTO cost_minutes
SELECT
    minute, made_by, service, environment, "function", version, region, architecture, memory_mb,
    sum(COLUMNS(* EXCLUDE (minute, made_by, service, environment, "function", version, region, architecture, memory_mb)))
FROM temp.cost_parts
GROUP BY ALL
