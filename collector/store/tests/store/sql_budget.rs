//! What questions may not do, what they may, and how much of it. How much memory they take, the story `console` measures.

use std::time::{Duration, Instant};

use coldlight_model::{Kind, Value};
use coldlight_store::{Question, SqlError};

use crate::made::{self, Kept, batch, span, trace_id};

/// 40 spans with an attribute of 64 KiB each.
async fn kept() -> Kept {
    let kept = made::store();
    let long = Value::from("0123456789abcdef".repeat(4096).as_str());
    let spans = (0..40).map(|_| span(trace_id(), None, Kind::SERVER, "s", &[("long", long.clone())])).collect();
    kept.keep(batch("a", spans)).await;
    kept
}

const REFUSED: &[&str] = &[
    // Much out of little.
    "SELECT count(*) FROM unnest(generate_series(1, 200000000))",
    "SELECT count(*) FROM unnest(range(200000000))",
    "SELECT len(range(200000000))",
    "SELECT unnest(range(200000000))",
    "SELECT count(*) FROM range(200000000)",
    "SELECT count(*) FROM generate_series(1, 1000001)",
    "SELECT count(*) FROM generate_series(200000000, 1, -1)",
    "SELECT count(*) FROM range(1000 * 1000 * 1000)",
    "SELECT count(*) FROM range(TIMESTAMP '1970-01-01', now(), INTERVAL 1 MICROSECOND)",
    "SELECT count(*) FROM spans, range(spans.duration_ns)",
    "SELECT count(*) FROM spans, LATERAL (SELECT unnest(range(spans.duration_ns)))",
    "SELECT count(*) FROM spans, LATERAL (SELECT * FROM range(spans.duration_ns))",
    "SELECT (SELECT count(*) FROM range(s.duration_ns)) FROM spans s",
    "SELECT count(*) FROM range((SELECT max(duration_ns) FROM spans))",
    "SELECT [x FOR x IN range(200000000)]",
    "SELECT list_transform(range(200000000), lambda x: x)",
    "SELECT list_transform([1], x -> x)",
    "SELECT list_resize([1], 200000000)",
    "SELECT array_resize([1], 200000000)",
    "SELECT generate_subscripts([1], 1)",
    "SELECT repeat('x', 1000000000)",
    "SELECT repeat(name, duration_ns) FROM spans",
    "SELECT repeat(repeat(repeat(repeat('x', 1000), 1000), 1000), 1000)",
    "SELECT lpad('x', 1000000000, ' ')",
    "SELECT rpad('x', duration_ns, ' ') FROM spans",
    "SELECT bar(1, 0, 1, 1000000000)",
    "SELECT format('{:>1000000000}', 'x')",
    "SELECT format('{:>{}}', 'x', 1000000000)",
    "SELECT format(name, 1) FROM spans",
    "SELECT printf('%1000000000d', 1)",
    "SELECT printf('%*d', 1000000000, 1)",
    "SELECT replace(name, 'a', name) FROM spans",
    "SELECT regexp_replace(name, 'a', name, 'g') FROM spans",
    "SELECT replace(replace(replace(replace(name, 'a', 'aaaaaaaaaa'), 'a', 'aaaaaaaaaa'), 'a', 'aaaaaaaaaa'), 'a', 'aaaaaaaaaa') FROM spans",
    "WITH a AS (SELECT repeat(name, 900) AS s FROM spans), b AS (SELECT concat(s, s) AS s FROM a) SELECT len(s) FROM b",
    "WITH RECURSIVE r AS (SELECT 'x' AS s UNION ALL SELECT s || s || s || s || s FROM r) SELECT len(s) FROM r",
    "SELECT list_transform(list_value(name, name), lambda x: list_transform(list_value(1), lambda y: x)) FROM spans",
    "SELECT list_transform(l, lambda x: l) FROM (SELECT list(name) AS l FROM spans)",
    "SELECT list_reduce([1, 2], lambda x, y: x + y)",
    "SELECT list(name) OVER (ORDER BY started_at) FROM spans",
    "SELECT string_agg(name, ',') OVER () FROM spans",
    "SELECT string_agg(name, name) FROM spans",
    "SELECT levenshtein(name, name) FROM spans",
    "SELECT damerau_levenshtein(name, name) FROM spans",
    "SELECT jaccard(name, name) FROM spans",
    "SELECT json_pretty(name) FROM spans",
    "SELECT bitstring_agg(duration_ns) FROM spans",
    "SELECT * FROM repeat('x', 1000000000)",
    "SELECT * FROM repeat_row(1, num_rows = 1000000000)",
    // Waiting.
    "SELECT sleep_ms(100000)",
    "SELECT pg_sleep(100)",
    // Files and the network.
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_csv_auto('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/etc/passwd')",
    "SELECT * FROM read_json('/etc/passwd')",
    "SELECT * FROM read_parquet('x.parquet')",
    "SELECT * FROM parquet_metadata('x.parquet')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM 'https://example.com/x.parquet'",
    "SELECT * FROM read_csv('https://example.com/x')",
    "SELECT * FROM \"x.csv\"",
    "SELECT * FROM unnest((SELECT list(x) FROM glob('/*') t(x)))",
    "FROM range((SELECT count(*) FROM glob('/*')))",
    "COPY (SELECT 1) TO '/tmp/x.csv'",
    "COPY (SELECT 1) TO 'coldlight.duckdb.wal' (USE_TMP_FILE false)",
    "COPY spans TO 'tmp/x.parquet'",
    "COPY span_rows FROM '/etc/passwd'",
    "EXPORT DATABASE '/tmp/x'",
    "IMPORT DATABASE '/tmp/x'",
    "ATTACH '/tmp/x.db'",
    "ATTACH 'postgres:'",
    "DETACH coldlight",
    "USE memory",
    "INSTALL httpfs",
    "LOAD '/tmp/x.duckdb_extension'",
    "FORCE INSTALL httpfs FROM community",
    "UPDATE EXTENSIONS",
    // Settings, secrets, the process.
    "SET memory_limit = '1TB'",
    "SET GLOBAL enable_external_access = true",
    "SET VARIABLE coldlight_now = 1",
    "RESET memory_limit",
    "PRAGMA database_list",
    "PRAGMA threads = 100",
    "CALL enable_logging(storage = 'file')",
    "CALL pragma_version()",
    "CREATE SECRET s (TYPE s3)",
    "DROP SECRET s",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_databases()",
    "SELECT * FROM duckdb_logs()",
    "SELECT * FROM pragma_database_list()",
    "SELECT * FROM which_secret('x', 's3')",
    "SELECT current_setting('temp_directory')",
    "SELECT getvariable('coldlight_now')",
    "SELECT getenv('HOME')",
    "SELECT write_log('x')",
    "SELECT current_query()",
    "SELECT current_database()",
    "SELECT txid_current()",
    "SELECT nextval('s')",
    "SELECT coldlight_local_ns('UTC', 1)",
    "SELECT system.main.getenv('HOME')",
    "SELECT main.getenv('HOME')",
    "SELECT ('HOME').getenv()",
    "SELECT \"getenv\"('HOME')",
    "SELECT GetEnv /* a comment */ ('HOME')",
    "SELECT count(*) FILTER (getenv('HOME') = 'x') FROM spans",
    "SELECT sum(1) OVER (ORDER BY getenv('HOME')) FROM spans",
    "SELECT 1 ORDER BY getenv('HOME')",
    "SELECT 1 LIMIT (SELECT length(getenv('HOME')))",
    "SELECT 1 GROUP BY getenv('HOME')",
    "SELECT 1 FROM spans QUALIFY getenv('HOME') = 'x'",
    "SELECT * REPLACE (getenv('HOME') AS name) FROM spans",
    "SELECT COLUMNS(lambda c: getenv('HOME') = c) FROM spans",
    "SELECT * FROM spans a JOIN spans b ON getenv('HOME') = a.name",
    "VALUES (getenv('HOME'))",
    "SELECT CASE WHEN true THEN getenv('HOME') END",
    "SELECT list_filter([1], lambda x: getenv('HOME') = 'x')",
    "SELECT * FROM unnest([getenv('HOME')])",
    "SELECT (SELECT getenv('HOME'))",
    "SELECT EXISTS (SELECT getenv('HOME'))",
    // Other questions, hidden ones, and changes.
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query_table('span_rows')",
    "SELECT * FROM json_execute_serialized_sql('x')",
    "SELECT json_serialize_sql('SELECT 1')",
    "SELECT json_deserialize_sql('x')",
    "SELECT 1; SELECT 2",
    "SELECT 1;; DROP VIEW spans",
    "SELECT * FROM span_rows",
    "SELECT * FROM state",
    "SELECT * FROM schema_version",
    "SELECT * FROM memory.main.spans",
    "SELECT * FROM pg_catalog.pg_class",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM duckdb_tables()",
    "SELECT * FROM information_schema.schemata",
    "SHOW TABLES",
    "SHOW DATABASES",
    "DESCRIBE span_rows",
    "SUMMARIZE span_rows",
    "EXPLAIN SELECT 1",
    "EXPLAIN ANALYZE SELECT 1",
    "INSERT INTO state VALUES (1, 1)",
    "UPDATE state SET written_sequence = 0",
    "DELETE FROM span_rows",
    "TRUNCATE span_rows",
    "MERGE INTO state USING state s ON true WHEN MATCHED THEN DELETE",
    "DROP VIEW spans",
    "ALTER TABLE span_rows DROP COLUMN name",
    "CREATE TABLE t AS SELECT 1",
    "CREATE MACRO now() AS 1",
    "CREATE TEMP VIEW spans AS SELECT 1",
    "CREATE TYPE t AS ENUM ('a')",
    "CREATE SEQUENCE s",
    "WITH x AS (DELETE FROM span_rows RETURNING *) SELECT * FROM x",
    "WITH x AS (INSERT INTO state VALUES (1, 1) RETURNING *) SELECT * FROM x",
    "BEGIN",
    "COMMIT",
    "CHECKPOINT",
    "FORCE CHECKPOINT",
    "VACUUM",
    "ANALYZE",
    "PREPARE q AS SELECT 1",
    "EXECUTE q",
    "DEALLOCATE q",
    "COMMENT ON VIEW spans IS 'x'",
    "SELECT * FROM checkpoint()",
    "SELECT $1",
    "SELECT ?",
    // Depth and types that overflow a stack.
    "SELECT '[[[[1]]]]'::JSON::VARIANT",
    "SELECT TRY_CAST(name AS VARIANT) FROM spans",
    "SELECT name::GEOMETRY FROM spans",
    "SELECT 'a\0b'",
    "SELECT\u{a0}getenv('HOME')",
    "",
    " ; ; ",
    "nonsense",
];

#[tokio::test(flavor = "multi_thread")]
async fn everything_outside_of_reading_our_views_is_refused() {
    let kept = kept().await;
    let canary = kept.folder.path().join("canary.txt");
    std::fs::write(&canary, "untouched").unwrap();
    let mut answered = Vec::new();
    for question in REFUSED {
        match kept.store.sql(Question::new(*question)).await {
            Err(SqlError::Refused(_) | SqlError::Failed(_)) => {}
            other => answered.push((question, other.map(|table| table.rows.len()))),
        }
    }
    assert!(answered.is_empty(), "{answered:#?}");
    assert_eq!(std::fs::read_to_string(canary).unwrap(), "untouched");
    assert_eq!(kept.count("SELECT count(*) FROM spans").await, 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_whose_asker_goes_away_stops_and_leaves_its_place() {
    let kept = kept().await;
    let endless = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE hash(a.range + b.range) = 1";
    for _ in 0..6 {
        // Given up after different times, also between the statements that a question is made of.
        for wait in [1, 3, 10, 50] {
            let asked = kept.store.sql(Question::new(endless));
            assert!(tokio::time::timeout(Duration::from_millis(wait), asked).await.is_err());
        }
    }
    let start = Instant::now();
    assert_eq!(kept.count("SELECT count(*) FROM spans").await, 40);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_many_megabytes_is_cut_off_and_says_so() {
    let kept = kept().await;
    let question = Question::new("SELECT attributes::VARCHAR FROM spans, range(1000000)");
    let table = kept.store.sql(question).await.unwrap();
    assert!(table.cut_off);
    assert!((900..1200).contains(&table.rows.len()), "64 MiB of 64 KiB each: {}", table.rows.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_ask_every_day_is_not_in_the_way_of_the_limits() {
    let kept = kept().await;
    for text in [
        "SELECT regexp_replace(regexp_replace(url_path, '[0-9]+', ':number', 'g'), '[0-9a-f-]{36}', ':uuid', 'g') FROM spans",
        "SELECT lpad(hour(started_at)::VARCHAR, 2, '0') || ':00' AS hour, bar(count(*), 0, 100, 40) FROM spans GROUP BY 1",
        "SELECT service || ' ' || name || ' (' || count(*) || ')' FROM spans GROUP BY service, name",
        "SELECT trace_id, string_agg(name, ' > ' ORDER BY started_at) FROM spans GROUP BY trace_id",
        "SELECT list(DISTINCT service) FROM spans",
        "SELECT [e.name FOR e IN events] FROM spans",
        "SELECT list_filter(events, lambda e: e.name = 'exception') FROM spans",
        "SELECT list_transform(links, lambda l: l.trace_id || '/' || l.span_id) FROM spans",
        "WITH RECURSIVE up AS (SELECT span_id, parent_span_id, name AS path FROM spans WHERE parent_span_id IS NULL
           UNION ALL SELECT s.span_id, s.parent_span_id, up.path || ' > ' || s.name FROM spans s JOIN up ON s.parent_span_id = up.span_id)
         SELECT * FROM up",
        "SELECT service, quantile_cont(duration_ns, [0.5, 0.9, 0.99]) FROM spans GROUP BY ALL",
        "SELECT format('{:.2f} ms', duration_ns / 1e6), printf('%5.1f', duration_ns / 1e6) FROM spans",
        "SELECT unnest(map_keys(durations)) FROM edges",
        "SELECT * EXCLUDE (events) REPLACE (lower(name) AS name) FROM spans",
        "SELECT COLUMNS('.*_at') FROM spans",
        "SELECT json_extract_string(attributes::JSON, '$.long') FROM spans",
        "SELECT attributes::JSON ->> '$.long' FROM spans",
        "SELECT duration_ns::DECIMAL(38,18), name::VARCHAR[], TRY_CAST(name AS UUID), {'a': 1}::STRUCT(a BIGINT) FROM spans WHERE false",
        "SELECT lag(started_at) OVER (PARTITION BY service ORDER BY started_at) FROM spans",
        "SELECT a.trace_id FROM spans a ASOF JOIN spans b ON a.service = b.service AND a.started_at >= b.started_at",
        "SELECT service, count(*) FILTER (error OR fault) * 100.0 / count(*) AS percent FROM spans GROUP BY ROLLUP (service)",
        "SELECT if(error, 'bad', 'good'), ifnull(parent_span_id, 'root'), nullif(name, 's') FROM spans",
        "SELECT * FROM spans USING SAMPLE 10",
        "SELECT count(*) FROM spans WHERE attributes['long'] IS NOT NULL AND name SIMILAR TO 's.*' AND name ILIKE 'S%' AND name GLOB 's*'",
        "FROM spans SELECT max(duration_ns), arg_max(trace_id, duration_ns)",
        "SELECT 1 WHERE 1 IN (SELECT 1) AND EXISTS (SELECT 1 FROM spans)",
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_name = 'spans'",
        "(SELECT 1) UNION (SELECT 2) EXCEPT (SELECT 3) ORDER BY 1 LIMIT 5 OFFSET 0",
        "SELECT DISTINCT ON (service) service, name FROM spans ORDER BY service, started_at DESC",
        "SELECT sum(x) FROM (VALUES (1), (2)) AS t(x)",
        "SUMMARIZE spans",
        "DESCRIBE SELECT * FROM traces",
    ] {
        if let Err(error) = kept.store.sql(Question::new(text)).await {
            panic!("{text}: {error}");
        }
    }
}
