-- alert_cost_each.sql: the list price of a matching invocation on average, of those that have one, in 10^-18 USD.
SELECT attos_of(sum(cost_usd)) // nullif(count(cost_usd), 0) FROM invocations WHERE TRUE /* conditions */
