-- invocations.sql: which matching invocations are on a page, by a value that falls; those without the value come last. What else is told of
-- them is asked by invocations_named.sql, so that the costs of all that match are not computed for the few that are shown.
SELECT request_id, epoch_ns(started_at) AS started_ns, "value"
FROM (SELECT *, /* value */ AS "value" FROM /* rows */ WHERE TRUE /* conditions */)
WHERE ("value", epoch_ns(started_at), request_id) < (?, ?, ?)
ORDER BY "value" DESC, started_at DESC, request_id DESC
LIMIT ?
