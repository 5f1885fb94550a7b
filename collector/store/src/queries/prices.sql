-- prices.sql: every price with its history, in the order recorded.
SELECT
    region, service, item, architecture, unit, tier_from, tier_to, attos, status, source, effective_on, layer, recorded, usagetype,
    vcpu_e10, memory_mib, note
FROM price_rows
ORDER BY recorded, region, service, item, architecture, tier_from
