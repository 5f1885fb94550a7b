-- alert_invocation_p95.sql: the 95th percentile of the duration of matching invocations, in nanoseconds.
SELECT (quantile_disc(duration_ms, 0.95) * 1e6)::HUGEINT FROM invocations WHERE TRUE /* conditions */
