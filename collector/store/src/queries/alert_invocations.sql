-- alert_invocations.sql: matching invocations.
SELECT count(*)::HUGEINT FROM invocations WHERE TRUE /* conditions */
