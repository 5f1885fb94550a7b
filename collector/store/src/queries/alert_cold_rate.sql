-- alert_cold_rate.sql: of matching invocations that are known to have begun warm or cold, the cold ones, in millionths.
SELECT (1000000::HUGEINT * count(*) FILTER (cold_start)) // nullif(count(cold_start), 0) FROM invocations WHERE TRUE /* conditions */
