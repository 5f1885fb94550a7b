-- clock.sql: the clock as users type it, in UTC, one time for the whole question.
-- The engine's own needs time zone data that is not in it: now() - INTERVAL 1 DAY and AT TIME ZONE fail as they are, and
-- CURRENT_TIMESTAMP, CURRENT_DATE and LOCALTIME call the functions that these macros take the place of. They live in the
-- connection alone, so the database file stays as any other DuckDB opens it.
CREATE TEMP MACRO IF NOT EXISTS now() AS getvariable('coldlight_now');
CREATE TEMP MACRO IF NOT EXISTS get_current_timestamp() AS getvariable('coldlight_now');
CREATE TEMP MACRO IF NOT EXISTS transaction_timestamp() AS getvariable('coldlight_now');
CREATE TEMP MACRO IF NOT EXISTS current_localtimestamp() AS getvariable('coldlight_now');
CREATE TEMP MACRO IF NOT EXISTS today() AS CAST(getvariable('coldlight_now') AS DATE);
CREATE TEMP MACRO IF NOT EXISTS current_date() AS CAST(getvariable('coldlight_now') AS DATE);
CREATE TEMP MACRO IF NOT EXISTS get_current_time() AS CAST(getvariable('coldlight_now') AS TIME);
CREATE TEMP MACRO IF NOT EXISTS current_localtime() AS CAST(getvariable('coldlight_now') AS TIME);
CREATE TEMP MACRO IF NOT EXISTS ago(span) AS getvariable('coldlight_now') - span;

-- With one time, since the beginning of today.
CREATE TEMP MACRO IF NOT EXISTS age(later) AS
    system.main.age(CAST(CAST(getvariable('coldlight_now') AS DATE) AS TIMESTAMP), CAST(later AS TIMESTAMP)),
    (later, earlier) AS system.main.age(CAST(later AS TIMESTAMP), CAST(earlier AS TIMESTAMP));

-- Seconds since 1970 as a time that compares with our columns; the engine's own has a time zone and does not.
CREATE TEMP MACRO IF NOT EXISTS to_timestamp(seconds) AS
    make_timestamp_ns(CAST(CAST(seconds AS DECIMAL(28, 9)) * 1000000000 AS BIGINT));

-- time AT TIME ZONE 'zone' calls timezone(zone, time): the time there of a time in UTC.
CREATE TEMP MACRO IF NOT EXISTS timezone(zone, utc) AS make_timestamp_ns(coldlight_local_ns(zone, epoch_ns(utc)));
CREATE TEMP MACRO IF NOT EXISTS to_utc(local, zone) AS make_timestamp_ns(coldlight_utc_ns(zone, epoch_ns(local)));
