//! How many times as long as what is stored a value can become while a question runs, from its tree alone.
//!
//! A stored value counts one, whichever it is. Calls add or multiply as [`Output`] says, a query multiplies with what it reads
//! from. DuckDB looks at interrupts between operators, never inside a function: so what one operator can make is bounded here,
//! and what many make together by the watch over a running question (`ask.rs`).

use std::collections::HashMap;

use serde_json::Value;

use super::SqlError;
use super::functions::{LONGEST, Output, output};

/// A value of 64 KiB may become 4 MiB. One operator makes 2,048 of them before DuckDB hears of an interrupt.
const MOST: u64 = 64;
/// What each step of a recursive query may add to a value, in stored values: it is repeated until the time is over.
const MOST_A_STEP: u64 = 3;
/// Texts in the question up to this long count nothing beside a stored value; longer ones as one each 64 KiB begun.
const SHORT: usize = 1_024;
/// Longest text that a replacement may put in.
const LONGEST_INSERT: usize = 64;

type Growths<'a> = HashMap<String, u64>;

/// `Ok` when no value becomes too long.
pub(crate) fn check(tree: &Value) -> Result<(), SqlError> {
    measure(tree, &Growths::new(), MOST).map(drop)
}

fn refused<T>(why: impl Into<String>) -> Result<T, SqlError> {
    Err(SqlError::Refused(why.into()))
}

/// The growth of the largest value that `node` yields.
fn measure(node: &Value, named: &Growths, most: u64) -> Result<u64, SqlError> {
    let fields = match node {
        Value::Array(items) => return largest(items.iter(), named, most),
        Value::Object(fields) => fields,
        _ => return Ok(0),
    };
    if fields.contains_key("class") {
        let growth = expression(node, named, most)?;
        return if growth > most { too_long(growth, most) } else { Ok(growth) };
    }
    match node["type"].as_str() {
        Some("BASE_TABLE") => {
            let name = node["table_name"].as_str().unwrap_or_default().to_lowercase();
            Ok(named.get(&name).copied().unwrap_or(1))
        }
        Some("RECURSIVE_CTE_NODE") => {
            let mut inside = named.clone();
            inside.insert(node["cte_name"].as_str().unwrap_or_default().to_lowercase(), 1);
            let first = measure(&node["left"], named, most)?;
            let step = measure(&node["right"], &inside, MOST_A_STEP)?;
            Ok(first.max(1).saturating_mul(step.max(1)))
        }
        Some(kind) if kind.ends_with("_NODE") => {
            let mut inside = named.clone();
            for cte in node["cte_map"]["map"].as_array().into_iter().flatten() {
                let growth = measure(&cte["value"], &inside, most)?;
                inside.insert(cte["key"].as_str().unwrap_or_default().to_lowercase(), growth.max(1));
            }
            let source = measure(&node["from_table"], &inside, most)?.max(1);
            let own = largest(
                fields
                    .iter()
                    .filter(|(name, _)| !["cte_map", "from_table"].contains(&name.as_str()))
                    .map(|(_, one)| one),
                &inside,
                most,
            )?;
            let all = own.max(1).saturating_mul(source);
            if all > most { too_long(all, most) } else { Ok(all) }
        }
        _ => largest(fields.values(), named, most),
    }
}

fn too_long<T>(growth: u64, most: u64) -> Result<T, SqlError> {
    if most == MOST_A_STEP {
        return refused(
            "each step of a recursive query may join three stored values at most, for it is repeated; join them after it",
        );
    }
    refused(format!(
        "the question could make values {growth} times as long as what is stored; {most} times is the most, so nest fewer \
         replacements and joined texts"
    ))
}

fn largest<'a>(nodes: impl Iterator<Item = &'a Value>, named: &Growths, most: u64) -> Result<u64, SqlError> {
    nodes.map(|node| measure(node, named, most)).try_fold(0, |most, growth| growth.map(|growth| most.max(growth)))
}

fn sum<'a>(nodes: impl Iterator<Item = &'a Value>, named: &Growths, most: u64) -> Result<u64, SqlError> {
    nodes
        .map(|node| measure(node, named, most))
        .try_fold(0_u64, |sum, growth| growth.map(|growth| sum.saturating_add(growth)))
}

fn expression(node: &Value, named: &Growths, most: u64) -> Result<u64, SqlError> {
    let fields = || node.as_object().into_iter().flatten().map(|(_, field)| field);
    match node["class"].as_str().unwrap_or_default() {
        "CONSTANT" => {
            Ok(text_length(node).map_or(0, |length| if length <= SHORT { 0 } else { 1 + length as u64 / 65_536 }))
        }
        "COLUMN_REF" | "STAR" | "POSITIONAL_REFERENCE" | "LAMBDA_REF" => Ok(1),
        "FUNCTION" | "WINDOW" => call(node, named, most),
        "COMPARISON" | "CONJUNCTION" | "BETWEEN" => largest(fields(), named, most).map(|_| 0),
        "CASE" => largest(fields(), named, most),
        "OPERATOR" => sum(fields(), named, most),
        _ => largest(fields(), named, most),
    }
}

fn call(node: &Value, named: &Growths, most: u64) -> Result<u64, SqlError> {
    let name = node["function_name"].as_str().unwrap_or_default().to_lowercase();
    let arguments = arguments(node);
    // Filters, orders, frames: bounded, but no part of the result.
    let aside = node
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(field, _)| !["arguments", "children"].contains(&field.as_str()));
    largest(aside.map(|(_, field)| field), named, most)?;
    let output = output(&name).unwrap_or(Output::Sum);
    if matches!(output, Output::Each | Output::Chosen) {
        return lambda(&name, &arguments, output, named, most);
    }
    let all = sum(arguments.iter().copied(), named, most)?;
    match output {
        Output::Fixed | Output::Each | Output::Chosen => Ok(0),
        Output::Sum => Ok(all),
        Output::Times(times) => Ok(all.saturating_mul(times)),
        Output::Inserting(place) => match arguments.get(place).map(|argument| text_length(argument)) {
            None => Ok(all),
            Some(Some(length)) if length <= LONGEST_INSERT => Ok(all.saturating_mul(length as u64 + 1)),
            Some(_) => refused(format!(
                "what {name} puts in must be written out as a text of at most {LONGEST_INSERT} characters"
            )),
        },
        Output::Length(place) => number(&name, &arguments, place).map(|_| all),
        Output::Repeated(place) => number(&name, &arguments, place).map(|times| match all {
            0 => 1 + times.saturating_mul(arguments.first().map_or(0, |written| longest_text(written)) as u64) / 65_536,
            stored => stored.saturating_mul(times),
        }),
        Output::Shaped => shaped(&name, &arguments).map(|()| all),
        Output::Gathered if node["class"] == "WINDOW" => {
            refused(format!("{name} over a window makes a list for each row; gather with GROUP BY instead"))
        }
        Output::Gathered if ["string_agg", "group_concat", "listagg"].contains(&name.as_str()) => {
            match arguments.get(1).map(|argument| text_length(argument)) {
                Some(length) if length.is_none_or(|length| length > LONGEST_INSERT) => {
                    refused(format!("{name} joins with a text written out, of at most {LONGEST_INSERT} characters"))
                }
                _ => Ok(all),
            }
        }
        Output::Gathered => Ok(all),
    }
}

/// The expressions that a function is called with.
pub(crate) fn arguments(node: &Value) -> Vec<&Value> {
    let given = node["arguments"].as_array().or_else(|| node["children"].as_array());
    given.into_iter().flatten().map(|one| one.get("expression").unwrap_or(one)).collect()
}

fn number(name: &str, arguments: &[&Value], place: usize) -> Result<u64, SqlError> {
    let Some(argument) = arguments.get(place) else { return Ok(1) };
    match integer(argument) {
        Some(length) if length <= i128::from(LONGEST) => Ok(length.max(0) as u64),
        _ => refused(format!("how long {name} makes a text must be a number written out, at most {LONGEST}")),
    }
}

/// Widths stand in the text itself, so it must be one that can be read here.
fn shaped(name: &str, arguments: &[&Value]) -> Result<(), SqlError> {
    // strftime takes its form in either place, and what it writes is short.
    let is_time = name.ends_with("time");
    let shape = arguments.iter().take(if is_time { 2 } else { 1 }).find_map(|argument| text(argument));
    let Some(shape) = shape.filter(|shape| shape.len() <= SHORT) else {
        return refused(format!(
            "the form that {name} follows must be written out as a text of at most {SHORT} characters"
        ));
    };
    let digits = shape.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    let nested = shape.split('{').skip(1).any(|piece| piece.contains(':') && !piece.contains('}'));
    if !is_time && (digits > 3 || shape.contains('*') || nested) {
        return refused(format!("{name} may make a field at most 999 characters wide, with the width written out"));
    }
    Ok(())
}

/// An element may pass through a lambda, and nothing else: a whole column taken into it would be copied for each element.
fn lambda(name: &str, arguments: &[&Value], output: Output, named: &Growths, most: u64) -> Result<u64, SqlError> {
    let [list, lambda, ..] = arguments else { return sum(arguments.iter().copied(), named, most) };
    let list = measure(list, named, most)?;
    let body = measure(&lambda["expr"], named, most)?.max(1);
    if output == Output::Chosen {
        return Ok(list);
    }
    let mut own = Vec::new();
    names(&lambda["lhs"], &mut own);
    let mut used = Vec::new();
    names(&lambda["expr"], &mut used);
    if let Some(other) = used.iter().find(|used| !own.contains(used)) {
        return refused(format!(
            "in {name} only the element can be used, not {other}: it would be copied for each element; unnest the list and use both"
        ));
    }
    if longest_text(&lambda["expr"]) > LONGEST_INSERT {
        return refused(format!("texts in {name} may have at most {LONGEST_INSERT} characters"));
    }
    Ok(list.max(1).saturating_mul(body))
}

/// The first words of all names in an expression.
fn names<'a>(node: &'a Value, found: &mut Vec<&'a str>) {
    match node {
        Value::Object(fields) => {
            // Of a column one of its names, of a lambda's parameters each.
            if let Some(first) = fields.get("column_names").and_then(|names| names.get(0)).and_then(Value::as_str) {
                found.push(first);
            }
            fields.values().for_each(|field| names(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        _ => {}
    }
}

fn longest_text(node: &Value) -> usize {
    let here = text_length(node).unwrap_or(0);
    let below = match node {
        Value::Object(fields) => fields.values().map(longest_text).max(),
        Value::Array(items) => items.iter().map(longest_text).max(),
        _ => None,
    };
    here.max(below.unwrap_or(0))
}

/// A text or number written out, as DuckDB's tree has it.
fn literal(node: &Value) -> Option<&str> {
    (node["class"] == "CONSTANT").then(|| node["literal"]["text"].as_str()).flatten()
}

/// A text, number or interval written out, without a cast or a call.
pub(crate) fn is_written_out(node: &Value) -> bool {
    literal(node).is_some()
}

fn text(node: &Value) -> Option<&str> {
    literal(node).filter(|_| node["literal"]["kind"] == "STRING")
}

fn text_length(node: &Value) -> Option<usize> {
    literal(node).map(str::len)
}

/// A whole number written out.
pub(crate) fn integer(node: &Value) -> Option<i128> {
    literal(node).filter(|_| node["literal"]["kind"] == "INTEGER").and_then(|text| text.replace('_', "").parse().ok())
}
