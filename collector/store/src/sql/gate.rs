//! What may be asked: one SELECT, over our own views, with functions that compute and nothing else.
//!
//! DuckDB parses the question and gives its tree as JSON; every node of the tree must be of a known, harmless kind. What
//! is new in a later DuckDB is refused until it is named here.

use std::collections::HashSet;

use serde_json::Value;

use super::{SqlError, scratch};
use crate::error::StoreError;

/// The names that questions may read.
pub(crate) const TABLES: [&str; 10] = [
    "spans",
    "resources",
    "logs",
    "metrics",
    "invocations",
    "traces",
    "edges",
    "service_minutes",
    "edge_minutes",
    "prices",
];

/// Catalog views that tell only about our tables.
const CATALOG: [&str; 2] = ["tables", "columns"];

const TABLE_FUNCTIONS: [&str; 3] = ["unnest", "range", "generate_series"];

/// Kinds of query nodes, table references, modifiers and orders.
const KINDS: [&str; 21] = [
    "SELECT_NODE",
    "SET_OPERATION_NODE",
    "RECURSIVE_CTE_NODE",
    "CTE_NODE",
    "BASE_TABLE",
    "JOIN",
    "SUBQUERY",
    "TABLE_FUNCTION",
    "EXPRESSION_LIST",
    "EMPTY",
    "PIVOT",
    "SHOW_REF",
    "ORDER_MODIFIER",
    "LIMIT_MODIFIER",
    "LIMIT_PERCENT_MODIFIER",
    "DISTINCT_MODIFIER",
    "ORDER_DEFAULT",
    "ASCENDING",
    "DESCENDING",
    "INVALID",
    "UNION",
];

/// Functions that reach out of the question: files, settings, the process, other questions; or that make much of little.
const FUNCTIONS: [&str; 26] = [
    // As a value, a list in memory as long as asked for; as a table they stream.
    "range",
    "generate_series",
    "getenv",
    "getvariable",
    "current_setting",
    "query",
    "query_table",
    "json_execute_serialized_sql",
    "checkpoint",
    "force_checkpoint",
    "enable_logging",
    "disable_logging",
    "write_log",
    "parse_duckdb_log_message",
    "glob",
    "sniff_csv",
    "nextval",
    "currval",
    "repeat",
    "lpad",
    "rpad",
    "levenshtein",
    "damerau_levenshtein",
    "add_parquet_key",
    "seq_scan",
    "index_scan",
];

/// Beginnings of names of functions that are never admitted.
const PREFIXES: [&str; 8] = ["read_", "parquet_", "duckdb_", "pragma_", "which_", "arrow", "test_", "system_"];

/// The question without blanks and semicolons at its end.
pub(crate) fn bare(text: &str) -> &str {
    text.trim().trim_end_matches(|c: char| c == ';' || c.is_whitespace())
}

/// `Ok` when the question may run.
pub(crate) fn check(text: &str) -> Result<(), SqlError> {
    let bare = bare(text);
    if bare.is_empty() {
        return Err(SqlError::Refused("there is no question; ask with SELECT".to_owned()));
    }
    let db = scratch()?;
    let tree: String = db
        .query_row("SELECT json_serialize_sql(?::VARCHAR)", [bare], |row| row.get(0))
        .map_err(StoreError::Database)?;
    let tree: Value = serde_json::from_str(&tree)
        .map_err(|_| SqlError::Refused("the question nests too deeply; 100 levels are read".to_owned()))?;
    if tree["error"].as_bool() != Some(false) {
        let message = tree["error_message"].as_str().unwrap_or("the question cannot be parsed");
        return Err(match tree["error_type"].as_str() {
            Some("not implemented") => {
                SqlError::Refused("only SELECT is answered here; nothing can be changed".to_owned())
            }
            _ => SqlError::Failed(format!("Parser Error: {message}")),
        });
    }
    match tree["statements"].as_array().map(Vec::len) {
        Some(1) => {}
        _ => return Err(SqlError::Refused("ask one question at a time".to_owned())),
    }
    let mut named = HashSet::new();
    names_given(&tree["statements"], &mut named);
    walk(&tree["statements"], &named)
}

/// Names of common table expressions, which may then stand where tables do.
fn names_given(node: &Value, named: &mut HashSet<String>) {
    match node {
        Value::Object(fields) => {
            if let Some(map) = fields.get("cte_map").and_then(|ctes| ctes["map"].as_array()) {
                named.extend(map.iter().filter_map(|cte| cte["key"].as_str()).map(str::to_lowercase));
            }
            if let Some(name) = fields.get("cte_name").and_then(Value::as_str) {
                named.insert(name.to_lowercase());
            }
            fields.values().for_each(|field| names_given(field, named));
        }
        Value::Array(items) => items.iter().for_each(|item| names_given(item, named)),
        _ => {}
    }
}

fn walk(node: &Value, named: &HashSet<String>) -> Result<(), SqlError> {
    match node {
        Value::Array(items) => items.iter().try_for_each(|item| walk(item, named)),
        Value::Object(fields) => {
            if fields.contains_key("class") {
                expression(node)?;
            } else if let Some(kind) = fields.get("type").and_then(Value::as_str) {
                if !KINDS.contains(&kind) && !kind.ends_with("_TYPE_INFO") && !is_join_or_set(kind) {
                    return Err(SqlError::Refused(format!(
                        "{} is not answered here",
                        kind.to_lowercase().replace('_', " ")
                    )));
                }
                match kind {
                    "BASE_TABLE" => table(node, named)?,
                    "TABLE_FUNCTION" => {
                        table_function(node)?;
                        // The function itself is judged; what it is called with is not yet.
                        walk(&node["function"]["children"], named)?;
                        return fields
                            .iter()
                            .filter(|(name, _)| *name != "function")
                            .try_for_each(|(_, field)| walk(field, named));
                    }
                    // DESCRIBE and SUMMARIZE of a query; SHOW of something else tells about the host.
                    "SHOW_REF" if node["query"].is_null() => {
                        return Err(SqlError::Refused("SHOW is not answered here; DESCRIBE spans is".to_owned()));
                    }
                    _ => {}
                }
            }
            fields.values().try_for_each(|field| walk(field, named))
        }
        _ => Ok(()),
    }
}

/// Kinds that only say how two inputs meet.
fn is_join_or_set(kind: &str) -> bool {
    matches!(
        kind,
        "INNER"
            | "LEFT"
            | "RIGHT"
            | "OUTER"
            | "SEMI"
            | "ANTI"
            | "EXCEPT"
            | "INTERSECT"
            | "REGULAR"
            | "NATURAL"
            | "CROSS"
            | "POSITIONAL"
            | "ASOF"
    )
}

fn table(node: &Value, named: &HashSet<String>) -> Result<(), SqlError> {
    let part = |name: &str| node[name].as_str().unwrap_or_default().to_lowercase();
    let (catalog, schema, name) = (part("catalog_name"), part("schema_name"), part("table_name"));
    let ours = catalog.is_empty() && (schema.is_empty() || schema == "main");
    if ours && (TABLES.contains(&name.as_str()) || (schema.is_empty() && named.contains(&name))) {
        return Ok(());
    }
    if catalog.is_empty() && schema == "information_schema" && CATALOG.contains(&name.as_str()) {
        return Ok(());
    }
    Err(SqlError::Refused(format!("there is no table “{name}” to ask; there are {}", TABLES.join(", "))))
}

/// Only these make rows out of nothing.
fn table_function(node: &Value) -> Result<(), SqlError> {
    let name = node["function"]["function_name"].as_str().unwrap_or_default().to_lowercase();
    if TABLE_FUNCTIONS.contains(&name.as_str()) {
        return Ok(());
    }
    Err(SqlError::Refused(format!(
        "the table function {name} is not admitted here; {} are",
        TABLE_FUNCTIONS.join(", ")
    )))
}

fn expression(node: &Value) -> Result<(), SqlError> {
    match node["class"].as_str() {
        Some("FUNCTION") => {
            let name = node["function_name"].as_str().unwrap_or_default().to_lowercase();
            let schema = node["schema"].as_str().unwrap_or_default();
            let denied = FUNCTIONS.contains(&name.as_str()) || PREFIXES.iter().any(|prefix| name.starts_with(prefix));
            if denied || !(schema.is_empty() || schema == "main") {
                return Err(SqlError::Refused(format!("the function {name} is not admitted here")));
            }
            Ok(())
        }
        // A deep JSON value cast to VARIANT overflows the engine's stack.
        Some("TYPE") if node["type_name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case("variant")) => {
            Err(SqlError::Refused("casts to VARIANT are not admitted here".to_owned()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str) {
        match check(text) {
            Err(SqlError::Refused(_) | SqlError::Failed(_)) => {}
            other => panic!("{text}: {other:?}"),
        }
    }

    #[track_caller]
    fn admitted(text: &str) {
        check(text).unwrap_or_else(|error| panic!("{text}: {error}"));
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
            "SELECT * FROM arrow(1::UBIGINT)",
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
}
