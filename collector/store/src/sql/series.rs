//! Rows out of nothing: `range` and `generate_series` as tables, with bounds that can be read.

use serde_json::Value;

use super::SqlError;
use super::growth::{arguments, integer};

/// Most rows that one of them may make. A calendar of two years in minutes has a million.
const MOST_ROWS: i128 = 1_000_000;

/// `Ok` when the table function makes a bounded number of rows.
///
/// # Errors
/// Says how to write the bounds.
pub(crate) fn check(name: &str, function: &Value) -> Result<(), SqlError> {
    let given = arguments(function);
    let inclusive = i128::from(name == "generate_series");
    let (from, to, step) = match given.as_slice() {
        [to] => (Some(0), integer(to), Some(1)),
        [from, to] => (integer(from), integer(to), Some(1)),
        [from, to, step] if [from, to, step].iter().any(|one| integer(one).is_none()) => {
            return calendar(name, from, to, step);
        }
        [from, to, step] => (integer(from), integer(to), integer(step)),
        _ => return Ok(()),
    };
    match (from, to, step) {
        (Some(from), Some(to), Some(step)) if step != 0 => {
            let rows = (to.saturating_sub(from) / step).saturating_add(inclusive);
            if rows <= MOST_ROWS {
                return Ok(());
            }
            Err(SqlError::Refused(format!(
                "{name} would make {rows} rows; {MOST_ROWS} are the most: take a larger step or nearer bounds"
            )))
        }
        _ => Err(SqlError::Refused(format!(
            "the bounds of {name} must be whole numbers written out, as in {name}(0, 100), or times with an interval"
        ))),
    }
}

/// Times: the step is at least a second, and no bound is taken from a row.
fn calendar(name: &str, from: &Value, to: &Value, step: &Value) -> Result<(), SqlError> {
    if [from, to, step].iter().any(|bound| reads_rows(bound)) {
        return Err(SqlError::Refused(format!(
            "the bounds of {name} cannot come from rows; write them out, or use now() and current_date"
        )));
    }
    if is_coarse(step) {
        return Ok(());
    }
    Err(SqlError::Refused(format!(
        "the step of {name} over times must be an INTERVAL of whole seconds or more, as in INTERVAL 5 MINUTES"
    )))
}

/// Whether a bound depends on a row: on any column but the clock's, or on another question.
fn reads_rows(node: &Value) -> bool {
    const CLOCK: [&str; 4] = ["current_date", "current_timestamp", "localtimestamp", "current_time"];
    match node {
        Value::Object(fields) => match fields.get("class").and_then(Value::as_str) {
            Some("SUBQUERY" | "STAR" | "POSITIONAL_REFERENCE") => true,
            Some("COLUMN_REF") => {
                let name = node["column_names"][0].as_str().unwrap_or_default().to_lowercase();
                node["column_names"].as_array().is_none_or(|names| names.len() != 1) || !CLOCK.contains(&name.as_str())
            }
            _ => fields.values().any(reads_rows),
        },
        Value::Array(items) => items.iter().any(reads_rows),
        _ => false,
    }
}

/// `INTERVAL 5 MINUTES` is `to_minutes(…5…)`, `INTERVAL '5 minutes'` a cast of the text.
fn is_coarse(step: &Value) -> bool {
    const UNITS: [&str; 8] =
        ["to_seconds", "to_minutes", "to_hours", "to_days", "to_weeks", "to_months", "to_quarters", "to_years"];
    if step["class"] == "FUNCTION" {
        let name = step["function_name"].as_str().unwrap_or_default();
        return UNITS.contains(&name)
            && arguments(step).iter().any(|argument| written(argument).is_some_and(|n| n != 0.0 && n.abs() >= 1.0));
    }
    let text = step["child"]["literal"]["text"].as_str().unwrap_or_default().trim().to_lowercase();
    let number: String = text.chars().take_while(|c| c.is_ascii_digit() || *c == '-').collect();
    let unit = text[number.len()..].trim();
    let units = ["second", "minute", "hour", "day", "week", "month", "quarter", "year"];
    step["class"] == "CAST"
        && number.parse::<i64>().is_ok_and(|number| number != 0)
        && units.iter().any(|known| unit.strip_suffix('s').unwrap_or(unit) == *known)
}

/// The number inside the casts that the parser puts around it.
fn written(node: &Value) -> Option<f64> {
    match node["class"].as_str()? {
        "CONSTANT" => node["literal"]["text"].as_str()?.parse().ok(),
        "CAST" => written(&node["child"]),
        "FUNCTION" if node["function_name"] == "trunc" => written(arguments(node).first()?),
        _ => None,
    }
}
