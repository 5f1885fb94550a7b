-- differences.sql: of a sample of two sets of spans, the value of each attribute whose share differs most, and of numbers
-- with many values, the share above or up to the one that parts them best. Spans of one side are `inside`, those of the other are not.
WITH sampled AS MATERIALIZED (
    SELECT *
    FROM (
        SELECT
            trace_id, span_id, service, name, kind, error, fault, throttle, faas_trigger, cold_start, duration_ns, resource_id,
            attributes, coalesce(/* inside */, FALSE) AS inside, coalesce(/* outside */, FALSE) AS outside
        FROM span_rows
        WHERE TRUE /* conditions */
    )
    -- Constants of the hash's own type: anything else is divided five times as slowly.
    WHERE (inside OR outside) AND CASE WHEN inside THEN hash(trace_id, span_id) % ?::UBIGINT ELSE hash(trace_id, span_id) % ?::UBIGINT END = 0
),
picked AS MATERIALIZED (
    SELECT span.*, /* weight */ AS weight FROM sampled AS span /* bills */
),
sides AS (
    SELECT
        count(*) FILTER (inside) AS spans_in, count(*) FILTER (NOT inside) AS spans_out,
        coalesce(sum(weight) FILTER (inside), 0)::HUGEINT AS all_in, coalesce(sum(weight) FILTER (NOT inside), 0)::HUGEINT AS all_out,
        coalesce(sum(duration_ns) FILTER (inside), 0)::HUGEINT AS ns_in, coalesce(sum(duration_ns) FILTER (NOT inside), 0)::HUGEINT AS ns_out
    FROM picked
),
of_spans AS MATERIALIZED (
    SELECT
        inside, 1 AS spans, weight,
        unnest(['service', 'name', 'kind', 'status', 'trigger', 'cold', 'dur']) AS field,
        unnest([
            service, name, kind,
            CASE WHEN fault THEN 'fault' WHEN throttle THEN 'throttle' WHEN error THEN 'error' ELSE 'ok' END,
            faas_trigger, cold_start::VARCHAR, CASE WHEN ? THEN duration_ns::VARCHAR END
        ]) AS "value"
    FROM picked
    UNION ALL
    SELECT inside, 1, weight, 'attr.' || entry.key, entry.value
    FROM (SELECT inside, weight, unnest(map_entries(attributes)) AS entry FROM picked)
),
-- What a span and its process both say is counted once, as the span's.
of_processes AS (
    SELECT inside, spans, weight, 'attr.' || entry.key AS field, entry.value AS "value"
    FROM (
        SELECT inside, spans, weight, unnest(map_entries(attributes)) AS entry
        FROM (SELECT inside, resource_id, count(*) AS spans, sum(weight) AS weight FROM picked GROUP BY ALL)
        JOIN resource_rows USING (resource_id)
    )
    WHERE 'attr.' || entry.key NOT IN (SELECT DISTINCT field FROM of_spans)
),
by_value AS MATERIALIZED (
    SELECT
        field, "value", TRY_CAST("value" AS DOUBLE) AS number,
        coalesce(sum(spans) FILTER (inside), 0) AS spans_in, coalesce(sum(spans) FILTER (NOT inside), 0) AS spans_out,
        coalesce(sum(weight) FILTER (inside), 0)::HUGEINT AS "in", coalesce(sum(weight) FILTER (NOT inside), 0)::HUGEINT AS "out"
    FROM (FROM of_spans UNION ALL FROM of_processes)
    -- Texts are not compared; and these say what a field above says.
    WHERE length("value") BETWEEN 1 AND 300 AND length(field) <= 200
      AND field NOT IN ('attr.service.name', 'attr.faas.trigger', 'attr.faas.coldstart', 'attr.faas.cold_start')
    GROUP BY field, "value"
),
fields AS (
    SELECT
        field, count(*) AS "values",
        count(*) > 12 AND bool_and(number IS NOT NULL AND isfinite(number)) AS is_number,
        sum(spans_in + spans_out) >= 20 AND count(*) >= 0.9 * sum(spans_in + spans_out) AS is_unique
    FROM by_value
    GROUP BY field
),
told AS (
    -- The value of each field whose share differs most.
    SELECT field, arg_max("value", (distance, "value")) AS "value", NULL::DOUBLE AS threshold, NULL::DOUBLE AS median_in, NULL::DOUBLE AS median_out,
           arg_max("in", (distance, "value")) AS "in", arg_max("out", (distance, "value")) AS "out", any_value("values") AS "values"
    FROM (
        SELECT *, abs(coalesce("in"::DOUBLE / nullif(all_in, 0), 0) - coalesce("out"::DOUBLE / nullif(all_out, 0), 0)) AS distance
        FROM by_value JOIN fields USING (field), sides
        WHERE NOT is_number AND NOT is_unique
    )
    GROUP BY field

    UNION ALL

    -- Of numbers, the share above the one that parts the two sides best, or up to it, whichever is larger on the inside.
    SELECT field, NULL, best, median_in, median_out,
           sum("in") FILTER ((number > best) = (median_in > median_out))::HUGEINT,
           sum("out") FILTER ((number > best) = (median_in > median_out))::HUGEINT, any_value("values")
    FROM (
        SELECT *,
            first_value(number) OVER (PARTITION BY field ORDER BY abs(upto_in / total_in - upto_out / total_out) DESC, number) AS best,
            min(number) FILTER (2 * upto_in >= total_in) OVER (PARTITION BY field) AS median_in,
            min(number) FILTER (2 * upto_out >= total_out) OVER (PARTITION BY field) AS median_out
        FROM (
            SELECT *,
                sum(spans_in) OVER (PARTITION BY field ORDER BY number) AS upto_in,
                nullif(sum(spans_in) OVER (PARTITION BY field), 0) AS total_in,
                sum(spans_out) OVER (PARTITION BY field ORDER BY number) AS upto_out,
                nullif(sum(spans_out) OVER (PARTITION BY field), 0) AS total_out
            FROM by_value JOIN fields USING (field)
            WHERE is_number
        )
        WHERE total_in > 0 AND total_out > 0
    )
    WHERE median_in <> median_out
    GROUP BY field, best, median_in, median_out
)
SELECT
    field, "value", threshold, median_in, median_out, coalesce("in", 0)::HUGEINT AS "in", coalesce("out", 0)::HUGEINT AS "out", "values", sides.*,
    (SELECT count(*) FROM fields WHERE is_unique AND NOT is_number) AS unique_fields
FROM told, sides
ORDER BY abs(coalesce("in"::DOUBLE / nullif(all_in, 0), 0) - coalesce("out"::DOUBLE / nullif(all_out, 0), 0)) DESC, starts_with(field, 'attr.'), length(field), field
LIMIT 100
