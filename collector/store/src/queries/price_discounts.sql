-- price_discounts.sql: every discount with its history, in the order recorded.
SELECT region, service, item, paid_ppm, effective_on, recorded, note
FROM price_discounts
ORDER BY recorded, region, service, item
