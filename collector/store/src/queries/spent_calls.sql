-- spent_calls.sql: what metered calls begun in the minutes from $from until $to (ns) cost, by service and step of $step ns.
SELECT
    service AS name, step, sum(calls * priced(half_units, 2, price_attos))::HUGEINT AS calls,
    coalesce(sum(calls) FILTER (price_attos IS NULL), 0)::BIGINT AS unpriced_calls
FROM (
    SELECT
        service, (epoch_ns(minute) - $from::BIGINT) // $step::BIGINT AS step, minute::DATE AS on_day, remote_kind, region, item, half_units,
        sum(calls)::BIGINT AS calls
    FROM call_minutes
    WHERE minute >= make_timestamp_ns($from::BIGINT) AND minute < make_timestamp_ns($to::BIGINT)
    GROUP BY ALL
) AS metered
LEFT JOIN price_periods AS price
  ON price.price_service = metered.remote_kind AND price.price_item = metered.item AND price.price_tier = 1
 AND price.price_region = metered.region AND price.price_from <= on_day AND price.price_to > on_day
GROUP BY ALL
ORDER BY ALL
