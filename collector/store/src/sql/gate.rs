//! What may be asked: one SELECT, over our own views, with functions that compute and nothing else.
//!
//! DuckDB parses the question and gives its tree as JSON; every node of the tree must be of a known, harmless kind, and
//! every function of a known one ([`functions`]). What is new in a later DuckDB is refused until it is named here. Then
//! [`growth`] bounds how long values can become.

use std::collections::HashSet;

use serde_json::Value;

use super::parser::Parser;
use super::{SqlError, functions, growth, place, series};

/// The names that questions may read.
pub(crate) const TABLES: [&str; 15] = [
    "spans",
    "resources",
    "logs",
    "metrics",
    "invocations",
    "tasks",
    "requests",
    "call_costs",
    "costs",
    "traces",
    "edges",
    "deliveries",
    "service_minutes",
    "edge_minutes",
    "prices",
];

/// Our macros that stand where tables do.
const MACROS: [&str; 4] = ["cost_by", "cost_over_time", "tasks_since", "requests_since"];

/// Catalog views that tell only about our tables.
const CATALOG: [&str; 2] = ["tables", "columns"];

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

/// Classes of expressions beside functions, which have a list of their own.
const CLASSES: [&str; 14] = [
    "BETWEEN",
    "CASE",
    "CAST",
    "COLLATE",
    "COLUMN_REF",
    "COMPARISON",
    "CONJUNCTION",
    "CONSTANT",
    "LAMBDA",
    "LAMBDA_REF",
    "OPERATOR",
    "POSITIONAL_REFERENCE",
    "STAR",
    "SUBQUERY",
];

/// Types to cast to. Not VARIANT nor GEOMETRY: a deep value cast to one overflows the engine's stack.
const TYPES: [&str; 55] = [
    "ARRAY",
    "BIGINT",
    "BIT",
    "BLOB",
    "BOOL",
    "BOOLEAN",
    "BPCHAR",
    "BYTEA",
    "CHAR",
    "DATE",
    "DATETIME",
    "DEC",
    "DECIMAL",
    "DOUBLE",
    "DOUBLE PRECISION",
    "FLOAT",
    "FLOAT4",
    "FLOAT8",
    "HUGEINT",
    "INT",
    "INT1",
    "INT128",
    "INT2",
    "INT4",
    "INT8",
    "INTEGER",
    "INTERVAL",
    "JSON",
    "LIST",
    "LONG",
    "MAP",
    "NUMERIC",
    "REAL",
    "ROW",
    "SHORT",
    "SIGNED",
    "SMALLINT",
    "STRING",
    "STRUCT",
    "TEXT",
    "TIME",
    "TIMESTAMP",
    "TIMESTAMPTZ",
    "TIMESTAMP WITH TIME ZONE",
    "TIMESTAMP_MS",
    "TIMESTAMP_NS",
    "TIMESTAMP_S",
    "TIMESTAMP_US",
    "TINYINT",
    "UBIGINT",
    "UINTEGER",
    "USMALLINT",
    "UTINYINT",
    "UUID",
    "VARCHAR",
];

/// The question without blanks and semicolons at its end.
pub(crate) fn bare(text: &str) -> &str {
    text.trim().trim_end_matches(|c: char| c == ';' || c.is_whitespace())
}

/// Longest question, in bytes: what it writes out itself cannot be large either.
const LONGEST: usize = 256 << 10;

/// `Ok` when the question may run.
pub(crate) fn check(parser: &Parser, text: &str) -> Result<(), SqlError> {
    let bare = bare(text);
    if bare.is_empty() {
        return Err(SqlError::Refused("there is no question; ask with SELECT".to_owned()));
    }
    if bare.len() > LONGEST {
        let why = format!("the question is {} bytes long; {LONGEST} are read", bare.len());
        return Err(SqlError::Refused(why));
    }
    if bare.contains('\0') {
        return Err(SqlError::Refused("the question holds a NUL character; leave it out".to_owned()));
    }
    let tree = parser.tree(bare)?;
    if tree["error"].as_bool() != Some(false) {
        let message = tree["error_message"].as_str().unwrap_or("the question cannot be parsed");
        return Err(match tree["error_type"].as_str() {
            Some("not implemented") => {
                SqlError::Refused("only SELECT is answered here; nothing can be changed".to_owned())
            }
            _ => {
                let at = tree["position"].as_str().and_then(|at| at.parse().ok());
                SqlError::Failed(format!("Parser Error: {message}{}", place::mark(bare, at)))
            }
        });
    }
    match tree["statements"].as_array().map(Vec::len) {
        Some(1) => {}
        _ => return Err(SqlError::Refused("ask one question at a time".to_owned())),
    }
    let mut named = HashSet::new();
    names_given(&tree["statements"], &mut named);
    walk(&tree["statements"], &named)?;
    growth::check(&tree["statements"])
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
                        growth::arguments(&node["function"]).into_iter().try_for_each(|given| walk(given, named))?;
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
    let function = &node["function"];
    let name = function["function_name"].as_str().unwrap_or_default().to_lowercase();
    if !is_plain_name(function) {
        return Err(SqlError::Refused(format!("write {name} without a schema before it")));
    }
    match name.as_str() {
        "unnest" => Ok(()),
        "range" | "generate_series" => series::check(&name, function),
        _ if MACROS.contains(&name.as_str()) => {
            if growth::arguments(function).into_iter().all(growth::is_written_out) {
                return Ok(());
            }
            Err(SqlError::Refused(format!("write out what {name} is asked for, as in {name}('service', '7 days')")))
        }
        _ => Err(SqlError::Refused(format!(
            "the table function {name} is not admitted here; unnest, range, generate_series, {} are",
            MACROS.join(" and ")
        ))),
    }
}

/// Named by itself or with our schema; `x.upper()` has x where the schema stands.
fn is_plain_name(function: &Value) -> bool {
    match function["qualified_name"]["path"].as_array().map(Vec::as_slice) {
        Some([name]) => *name == function["function_name"],
        Some([schema, name]) => *schema == "main" && *name == function["function_name"],
        _ => false,
    }
}

fn expression(node: &Value) -> Result<(), SqlError> {
    match node["class"].as_str() {
        Some("FUNCTION" | "WINDOW") => function(node),
        Some("TYPE") => {
            let name = node["type_name"].as_str().unwrap_or_default().to_uppercase();
            if TYPES.contains(&name.as_str()) {
                return Ok(());
            }
            Err(SqlError::Refused(format!("casts to {name} are not admitted here")))
        }
        Some("PARAMETER") => Err(SqlError::Refused("this parameter has no value; write the value itself".to_owned())),
        Some(class) if CLASSES.contains(&class) => Ok(()),
        other => {
            let class = other.unwrap_or("this").to_lowercase().replace('_', " ");
            Err(SqlError::Refused(format!("{class} expressions are not answered here")))
        }
    }
}

fn function(node: &Value) -> Result<(), SqlError> {
    let name = node["function_name"].as_str().unwrap_or_default().to_lowercase();
    if !is_plain_name(node) {
        return Err(SqlError::Refused(format!("write {name}(…) with its value inside and no schema before it")));
    }
    if functions::output(&name).is_none() {
        let instead = functions::instead(&name).map_or_else(String::new, |instead| format!("; {instead}"));
        return Err(SqlError::Refused(format!("the function {name} is not admitted here{instead}")));
    }
    // Without a time zone a time is UTC, and AT TIME ZONE gives the time there. For a time written out the other reading is
    // as likely, and an answer that is hours off looks like a right one.
    if name == "timezone" && growth::arguments(node).get(1).is_some_and(|time| is_written_out(time)) {
        return Err(SqlError::Refused(
            "is that time in UTC or in the time zone? to_utc(TIMESTAMP '2026-01-31 12:00', 'Europe/Berlin') gives the UTC time \
             of a time there, (now() - INTERVAL 1 DAY) AT TIME ZONE 'Europe/Berlin' the time there of a UTC time"
                .to_owned(),
        ));
    }
    Ok(())
}

/// A time without a zone in its text, as a literal.
fn is_written_out(node: &Value) -> bool {
    let zoned = node["type_expr"]["type_name"]
        .as_str()
        .is_some_and(|name| name.eq_ignore_ascii_case("timestamptz") || name.to_lowercase().contains("with time zone"));
    match node["class"].as_str() {
        Some("CONSTANT") => true,
        Some("CAST") => !zoned && is_written_out(&node["child"]),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
