//! The column `attributes` of a row, and back.
//!
//! In SQL they are a MAP from text to text: numbers and booleans as they are written, bytes as base64, arrays and maps as JSON.
//! What they were is said beside them in `attribute_types`: a letter an entry, in order, or NULL when all were text. A nested
//! value that holds bytes or a NaN is spelled out behind the letters. So a trace can be given back as it came, in its order.
//!
//! Not a VARIANT: DuckDB gives each key of a row group a column of its own there, so that a row costs as much time and space
//! as there are different keys around it, and a key that a row group does not have is looked for in every row of it.

use arrow::array::{ArrayRef, MapBuilder, StringBuilder};
use coldlight_model::{Attributes, Value, push_base64};
use duckdb::types::Value as Sql;

use super::attributes::{base64_bytes, double_from, from_exact, is_plain, parse, push_exact};
use super::columns::forward_builder;

/// A column of maps.
pub(crate) struct AttributeMaps(MapBuilder<StringBuilder, StringBuilder>, Written);

/// What a row is written into on its way: the memory of the row before serves the next.
#[derive(Default)]
struct Written {
    types: String,
    value: String,
}

impl Default for AttributeMaps {
    fn default() -> Self {
        Self(MapBuilder::new(None, StringBuilder::new(), StringBuilder::new()), Written::default())
    }
}

impl AttributeMaps {
    /// Appends a row; returns its types when not all are text.
    pub fn append(&mut self, attributes: &Attributes) -> Option<&str> {
        let Self(maps, Written { types, value: scratch }) = self;
        types.clear();
        let mut exact: Vec<String> = Vec::new();
        for (key, value) in attributes.iter() {
            maps.keys().append_value(key);
            types.push(letter(value, &mut exact));
            let texts = maps.values();
            scratch.clear();
            match value {
                Value::Null => texts.append_null(),
                Value::Text(text) => texts.append_value(text),
                Value::Bytes(bytes) => {
                    push_base64(bytes, scratch);
                    texts.append_value(&scratch);
                }
                Value::Double(double) if double.is_nan() => texts.append_value("NaN"),
                Value::Double(double) if double.is_infinite() => {
                    texts.append_value(if *double > 0.0 { "Infinity" } else { "-Infinity" });
                }
                other => {
                    other.push_json(scratch);
                    texts.append_value(&scratch);
                }
            }
        }
        maps.append(true).expect("a key and a value were appended together");
        if types.bytes().all(|letter| letter == b's') {
            return None;
        }
        if !exact.is_empty() {
            types.push('[');
            types.push_str(&exact.join(","));
            types.push(']');
        }
        Some(types)
    }
}

forward_builder!(AttributeMaps);

/// What a value is; spells it out in `exact` when its text does not say all of it.
fn letter(value: &Value, exact: &mut Vec<String>) -> char {
    match value {
        Value::Null => 'n',
        Value::Text(_) => 's',
        Value::Bool(_) => 'b',
        Value::Int(_) => 'i',
        Value::Double(_) => 'd',
        Value::Bytes(_) => 'y',
        Value::Array(_) | Value::Map(_) if !is_plain(value) => {
            let mut spelled = String::new();
            push_exact(value, &mut spelled);
            exact.push(spelled);
            'x'
        }
        Value::Array(_) => 'a',
        Value::Map(_) => 'm',
    }
}

/// The attributes of a row, from its map and the types beside it.
pub(crate) fn attributes_from_map(map: &Sql, types: Option<&str>) -> Attributes {
    let Sql::Map(entries) = map else { return Attributes::new() };
    let (letters, exact) = types.map_or(("", ""), |types| types.split_at(types.find('[').unwrap_or(types.len())));
    let exact = if exact.is_empty() { Value::Null } else { parse(exact) };
    let mut exact = match exact {
        Value::Array(items) => items.into_iter(),
        _ => Vec::new().into_iter(),
    };
    let mut letters = letters.bytes();
    entries
        .iter()
        .filter_map(|(key, value)| {
            let Sql::Text(key) = key else { return None };
            let text = match value {
                Sql::Text(text) => text.as_str(),
                _ => "",
            };
            let value = match letters.next() {
                Some(b'n') => Value::Null,
                Some(b'b') => Value::Bool(text == "true"),
                Some(b'i') => text.parse().map_or_else(|_| Value::from(text), Value::Int),
                Some(b'd') => Value::Double(text.parse().unwrap_or_else(|_| double_from(text))),
                Some(b'y') => Value::Bytes(base64_bytes(text)),
                Some(b'a' | b'm') => parse(text),
                Some(b'x') => exact.next().map_or(Value::Null, from_exact),
                _ => Value::from(text),
            };
            Some((key.clone(), value))
        })
        .collect()
}
