-- price_periods.sql: for every day, which recording of each price holds, and what is paid of it.
-- Of the recordings begun: the highest layer, then the latest date, then the last recorded. The oldest also holds before its date; one
-- set by hand only where there is no other. Of the discounts begun: the one that names most, then likewise; what was set by
-- hand has none.
INSERT INTO price_periods
WITH recordings AS (
    SELECT
        * EXCLUDE (dated),
        CASE
            WHEN dated = coalesce(min(dated) FILTER (rank < 2) OVER subject, min(dated) OVER subject)
                AND (rank < 2 OR min(rank) OVER subject = 2)
            THEN DATE '-infinity'
            ELSE dated
        END AS begins
    FROM (
        SELECT DISTINCT
            region, service, item, architecture, layer, effective_on, recorded,
            CASE layer WHEN 'set' THEN 2 WHEN 'imported' THEN 1 ELSE 0 END AS rank,
            coalesce(effective_on, DATE '-infinity') AS dated
        FROM price_rows
    )
    WINDOW subject AS (PARTITION BY region, service, item, architecture)
),
discounts AS (
    SELECT
        subject.*, discount.paid_ppm, discount.recorded,
        coalesce(discount.effective_on, DATE '-infinity') AS begins,
        (discount.region <> '*')::INTEGER + (discount.service <> '*')::INTEGER + (discount.item <> '*')::INTEGER AS named
    FROM (SELECT DISTINCT region, service, item, architecture FROM price_rows) AS subject
    JOIN price_discounts AS discount
        ON discount.region IN ('*', subject.region) AND discount.service IN ('*', subject.service)
        AND discount.item IN ('*', subject.item)
    -- A share of an instance's price, which has its discount already.
    WHERE subject.item <> 'managed_instances_fee'
),
days AS (
    SELECT
        *,
        lead(begins, 1, DATE 'infinity') OVER (PARTITION BY region, service, item, architecture ORDER BY begins) AS ends
    FROM (
        SELECT region, service, item, architecture, begins FROM recordings
        UNION
        SELECT region, service, item, architecture, begins FROM discounts
    )
),
holding AS (
    SELECT
        days.*,
        max({'rank': r.rank, 'begins': r.begins, 'recorded': r.recorded, 'layer': r.layer, 'effective_on': r.effective_on})
            AS best
    FROM days
    JOIN recordings AS r
        ON r.region = days.region AND r.service = days.service AND r.item = days.item
        AND r.architecture IS NOT DISTINCT FROM days.architecture AND r.begins <= days.begins
    GROUP BY ALL
),
discounted AS (
    SELECT
        days.region, days.service, days.item, days.architecture, days.begins,
        max({'named': d.named, 'begins': d.begins, 'recorded': d.recorded, 'paid_ppm': d.paid_ppm}).paid_ppm AS paid_ppm
    FROM days
    JOIN discounts AS d
        ON d.region = days.region AND d.service = days.service AND d.item = days.item
        AND d.architecture IS NOT DISTINCT FROM days.architecture AND d.begins <= days.begins
    GROUP BY ALL
)
SELECT
    tier.region, tier.service, tier.item, tier.architecture, holding.begins, holding.ends,
    row_number() OVER (
        PARTITION BY tier.region, tier.service, tier.item, tier.architecture, holding.begins ORDER BY tier.tier_from
    ),
    tier.tier_from, tier.tier_to, tier.unit,
    CASE paid.paid_ppm WHEN 1000000 THEN tier.attos ELSE (tier.attos * paid.paid_ppm + 500000) // 1000000 END,
    paid.paid_ppm, tier.vcpu_e10, tier.memory_mib, tier.layer, tier.recorded, tier.effective_on
FROM holding
LEFT JOIN discounted
    ON discounted.region = holding.region AND discounted.service = holding.service AND discounted.item = holding.item
    AND discounted.architecture IS NOT DISTINCT FROM holding.architecture AND discounted.begins = holding.begins
JOIN price_rows AS tier
    ON tier.region = holding.region AND tier.service = holding.service AND tier.item = holding.item
    AND tier.architecture IS NOT DISTINCT FROM holding.architecture
    AND tier.layer = holding.best.layer AND tier.recorded = holding.best.recorded
    AND tier.effective_on IS NOT DISTINCT FROM holding.best.effective_on
CROSS JOIN LATERAL (
    SELECT CASE WHEN holding.best.layer = 'set' THEN 1000000 ELSE coalesce(discounted.paid_ppm, 1000000) END AS paid_ppm
) AS paid;
