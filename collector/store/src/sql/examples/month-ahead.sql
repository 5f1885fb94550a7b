-- What will a month cost at the rate of the last seven days?
-- A month has 730 hours, as in AWS's own estimates; exactly the seven days times 730/168. List prices, without free tier.
SELECT
    service,
    round(sum(cost_usd), 6) AS seven_days_usd,
    round(sum(cost_usd) * 4.345238, 4) AS month_usd
FROM invocations
WHERE started_at > now() - INTERVAL 7 DAYS
GROUP BY service
ORDER BY month_usd DESC, service
