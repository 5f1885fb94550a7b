-- fargate_prices.sql: as lambda_prices.sql, for a task on Fargate.
INSERT INTO fargate_prices
WITH tiers AS (
    SELECT *
    FROM price_periods
    WHERE price_service = 'fargate' AND price_tier = 1 AND price_item IN ('vcpu_hour', 'gb_hour', 'ephemeral_gb_hour')
),
kinds AS (SELECT unnest(['x86_64', 'arm64']) AS kind),
keyed AS (
    SELECT kinds.kind, tiers.*
    FROM tiers
    JOIN kinds ON tiers.price_architecture = kinds.kind OR tiers.price_architecture IS NULL
    QUALIFY tiers.price_architecture IS NOT NULL
        OR count(tiers.price_architecture) OVER (PARTITION BY tiers.price_region, tiers.price_item, kinds.kind) = 0
),
days AS (
    SELECT *, lead(begins, 1, DATE 'infinity') OVER (PARTITION BY price_region, kind ORDER BY begins) AS ends
    FROM (SELECT DISTINCT price_region, kind, price_from AS begins FROM keyed)
)
SELECT
    days.price_region, days.kind, days.begins, days.ends,
    max(price_attos) FILTER (price_item = 'vcpu_hour'),
    max(price_attos) FILTER (price_item = 'gb_hour'),
    max(price_attos) FILTER (price_item = 'ephemeral_gb_hour')
FROM days
JOIN keyed
    ON keyed.price_region = days.price_region AND keyed.kind = days.kind
    AND keyed.price_from <= days.begins AND keyed.price_to > days.begins
GROUP BY ALL;
