//! What the gate admits and refuses; `tests/store/sql_budget.rs` asks more of it, against rows.

use super::*;

#[track_caller]
fn refused(text: &str) {
    match check(&PARSER, text) {
        Err(SqlError::Refused(_) | SqlError::Failed(_)) => {}
        other => panic!("{text}: {other:?}"),
    }
}

#[track_caller]
fn admitted(text: &str) {
    check(&PARSER, text).unwrap_or_else(|error| panic!("{text}: {error}"));
}

#[test]
fn questions_about_our_views_are_admitted() {
    admitted("SELECT service, count(*) FROM spans GROUP BY ALL ORDER BY 2 DESC LIMIT 5;");
    admitted(
        "WITH slow AS (SELECT * FROM spans WHERE duration_ns > 1e9) SELECT * FROM slow JOIN traces USING (trace_id)",
    );
    admitted("SELECT attributes['order.id']::VARCHAR FROM main.spans");
    admitted("FROM spans");
    admitted("DESCRIBE spans");
    admitted("SUMMARIZE SELECT duration_ns FROM spans");
    admitted("SELECT * FROM spans UNION ALL SELECT * FROM spans");
    admitted("SELECT * FROM range(10)");
    admitted("SELECT unnest(links) FROM spans");
    admitted(
        "SELECT quantile_cont(duration_ns, 0.99) OVER (PARTITION BY service) FROM spans QUALIFY row_number() OVER () < 5",
    );
    admitted("SELECT * FROM spans WHERE trace_id IN (SELECT trace_id FROM logs) -- with a comment");
}

#[test]
fn everything_that_reaches_out_is_refused() {
    for text in [
        "COPY (SELECT 1) TO 'coldlight.duckdb.wal' (USE_TMP_FILE false)",
        "ATTACH 'x.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET memory_limit = '1TB'",
        "PRAGMA database_list",
        "CALL enable_logging(storage='file')",
        "CHECKPOINT",
        "DELETE FROM span_rows",
        "INSERT INTO state VALUES (1, 1)",
        "CREATE TABLE t (i INT)",
        "SELECT 1; DROP TABLE span_rows",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM 'x.parquet'",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('*')",
        "SELECT read_text('/etc/passwd')",
        "SELECT getenv('HOME')",
        "SELECT current_setting('temp_directory')",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM duckdb_secrets()",
        "SELECT * FROM pragma_database_list()",
        "SELECT * FROM query('SELECT 1')",
        "SELECT * FROM query_table('span_rows')",
        "SELECT * FROM json_execute_serialized_sql('x')",
        "SELECT len(range(200000000))",
        "SELECT repeat('x', 1000000000)",
        "SELECT repeat('[', 10000)::JSON::VARIANT",
        "SELECT CAST('1' AS VARIANT)",
        "SELECT attributes::JSON::VARIANT[] FROM spans",
        "SHOW TABLES",
        "DESCRIBE state",
        "SELECT * FROM span_rows",
        "SELECT * FROM state",
        "SELECT * FROM system.main.spans",
        "SELECT * FROM other.spans",
        "SELECT * FROM (SELECT * FROM (SELECT * FROM read_blob('x')))",
        "WITH x AS (SELECT * FROM read_csv('x')) SELECT * FROM x",
        "WITH x AS (DELETE FROM span_rows RETURNING *) SELECT * FROM x",
        "SELECT * FROM spans WHERE (SELECT count(*) FROM glob('/*')) > 0",
        "SELECT * FROM handed(1::UBIGINT)",
        "EXPLAIN ANALYZE SELECT 1",
        "EXPORT DATABASE 'x'",
        "VACUUM",
        "",
        ";",
        "nonsense",
    ] {
        refused(text);
    }
}

#[test]
fn a_deep_question_is_refused_and_nothing_overflows() {
    refused(&format!("SELECT {}1{}", "(1+".repeat(5000), ")".repeat(5000)));
}

#[test]
fn the_memory_of_one_row_is_bounded_before_it_is_made() {
    let nested = |times: usize| format!("SELECT {}name{} FROM spans", "concat(".repeat(times), ", name)".repeat(times));
    admitted(&nested(10));
    admitted("SELECT replace(replace(name, 'a', ':number'), 'b', ':uuid') FROM spans");
    admitted("SELECT repeat('█', 1000), repeat(name, 64) FROM spans");
    refused("SELECT repeat(name, 65) FROM spans");
    refused(&format!("SELECT {}name{} FROM spans", "replace(".repeat(4), ", 'a', 'aaaaaaaaaa')".repeat(4)));
    let doubled: Vec<String> = (1..30).map(|n| format!("t{n} AS (SELECT s || s AS s FROM t{})", n - 1)).collect();
    refused(&format!("WITH t0 AS (SELECT name AS s FROM spans), {} SELECT length(s) FROM t29", doubled.join(", ")));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_gate_panic(text in ".{0,200}") {
        let _ = check(&PARSER, &text);
    }

    #[test]
    fn no_words_in_any_order_make_the_gate_panic(words in proptest::collection::vec(proptest::sample::select(WORDS), 0..30)) {
        let _ = check(&PARSER, &words.join(" "));
    }
}

static PARSER: std::sync::LazyLock<Parser> = std::sync::LazyLock::new(Parser::default);

const WORDS: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "spans",
    "range",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    "*",
    "1",
    "'x'",
    "\"y\"",
    "AS",
    "WITH",
    "RECURSIVE",
    "r",
    "UNION ALL",
    "unnest",
    "lambda x:",
    "x",
    "->",
    "::",
    "VARCHAR",
    "JSON",
    "INTERVAL",
    "DAY",
    "AT TIME ZONE",
    "now",
    "OVER",
    "ORDER BY",
    "LIMIT",
    "JOIN",
    "LATERAL",
    "ON",
    "USING",
    "--",
    "/*",
    "*/",
    "$$",
    "repeat",
    "CASE",
    "WHEN",
    "THEN",
    "END",
    "NOT",
    "IN",
    "EXISTS",
    "VALUES",
    "PIVOT",
    "UNPIVOT",
    "FOR",
    "FILTER",
    "COLUMNS",
    "EXCLUDE",
    "DESCRIBE",
];
