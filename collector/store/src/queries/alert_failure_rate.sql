-- alert_failure_rate.sql: of matching invocations those that failed, in millionths.
SELECT (1000000::HUGEINT * count(*) FILTER (outcome <> 'ok')) // nullif(count(*), 0) FROM invocations WHERE TRUE /* conditions */
