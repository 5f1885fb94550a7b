-- alert_cost_per_hour.sql: what matching invocations would cost in an hour at the rate of the window, in 10^-18 USD.
SELECT attos_of(sum(cost_usd)) * 3600000000000 // ? FROM invocations WHERE TRUE /* conditions */
