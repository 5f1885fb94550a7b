//! Asking strangers' JSON without surprises: what is not there, or of another type, is null.

use serde_json::Value;

const NULL: Value = Value::Null;

/// A member of an object; null when there is none.
pub fn field<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&NULL)
}

/// A member of members.
pub fn path<'a>(value: &'a Value, names: &[&str]) -> &'a Value {
    names.iter().fold(value, |value, name| field(value, name))
}

/// A member's text.
pub fn text<'a>(value: &'a Value, names: &[&str]) -> Option<&'a str> {
    path(value, names).as_str()
}

/// Whether there is such a member with a value.
pub fn has(value: &Value, names: &[&str]) -> bool {
    !path(value, names).is_null()
}

/// The items of an array, or the values of an object: emulators give `records` as an object of objects.
pub fn items(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(members) => members.values().collect(),
        _ => Vec::new(),
    }
}

/// The first of them.
pub fn first(value: &Value) -> &Value {
    match value {
        Value::Array(items) => items.first().unwrap_or(&NULL),
        _ => &NULL,
    }
}

/// A member whose name differs in case at most, as HTTP headers do.
pub fn ignoring_case<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let members = value.as_object()?;
    members.get(name).or_else(|| members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// A header's text: as it is, first of several, or CloudFront's `[{"key", "value"}]`.
pub fn header_text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Array(several) => several.first().and_then(|one| one.as_str().or_else(|| text(one, &["value"]))),
        _ => None,
    }
}
