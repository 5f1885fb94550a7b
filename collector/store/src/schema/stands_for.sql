-- stands_for: what span_rows lacked before every span said itself how many it stands for. As model::sampling reads it: the threshold of the
-- trace state, else its exponent, else a probability, else a rate; in millionths, a million times a million at most.
ALTER TABLE span_rows ADD COLUMN IF NOT EXISTS stands_for BIGINT;
UPDATE span_rows
SET stands_for = told.stands_for
FROM (
    SELECT
        rowid AS at,
        coalesce(
            -- least() passes over NULLs.
            CASE WHEN kept > 0 THEN least((72057594037927936::HUGEINT * 1000000 + kept // 2) // kept, 1000000000000) END,
            CASE WHEN exponent < 20 THEN (1 << exponent)::HUGEINT * 1000000 WHEN exponent <= 62 THEN 1000000000000 END,
            CASE WHEN probability > 0 AND probability <= 1 THEN least(round(1000000 / probability), 1e12)::HUGEINT END,
            CASE WHEN rate > 0 THEN least(rate, 1000000)::HUGEINT * 1000000 END
        )::BIGINT AS stands_for
    FROM (
        SELECT
            rowid,
            72057594037927936::HUGEINT - TRY_CAST('0x' || rpad(
                nullif(regexp_extract(trace_state, '(?:^|,) *ot=(?:[^,]*;)? *th:([0-9a-fA-F]{1,14}) *(?:[;,]|$)', 1), ''), 14, '0'
            ) AS UBIGINT) AS kept,
            TRY_CAST(nullif(regexp_extract(trace_state, '(?:^|,) *ot=(?:[^,]*;)? *p:([0-9]{1,2}) *(?:[;,]|$)', 1), '') AS INTEGER) AS exponent,
            TRY_CAST(attributes['sampling.probability'] AS DOUBLE) AS probability,
            TRY_CAST(attributes['SampleRate'] AS UBIGINT) AS rate
        FROM span_rows
        WHERE trace_state <> '' OR attributes['sampling.probability'] IS NOT NULL OR attributes['SampleRate'] IS NOT NULL
    )
) AS told
WHERE span_rows.rowid = told.at AND told.stands_for IS NOT NULL;
