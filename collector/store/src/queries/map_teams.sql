-- map_teams.sql: who owns each service, as its newest sender says.
SELECT service, arg_max(said_by_sender(attributes, '', FALSE, TRUE), first_seen) AS team
FROM resource_rows
WHERE said_by_sender(attributes, '', FALSE, TRUE) IS NOT NULL
GROUP BY service
