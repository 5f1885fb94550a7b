//! Attributes of events and links to SQL and back; those of rows are maps, see `attribute_map`.
//!
//! In SQL they are one flat JSON object: scalars keep their type, arrays and maps become JSON text, bytes base64 text, NaN and
//! the infinities text. What that hides is said beside them in `attribute_types`, a JSON object of the hidden keys only:
//! `"array"` and `"map"` mean the text is exact JSON of one, `"bytes"` and `"double"` name a scalar's type, and
//! `{"exact": …}` spells out the rare nested value that holds bytes or a NaN. So a trace can be given back as it came;
//! only the order of keys is not kept.

use std::fmt;

use coldlight_model::{Attributes, Scope, Value, push_base64, push_json_string};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// Appends the flat JSON object to `flat`; returns the types text when a key needs it.
pub(crate) fn push_flat(attributes: &Attributes, flat: &mut String) -> Option<String> {
    let mut types = String::new();
    flat.push('{');
    for (index, (key, value)) in attributes.iter().enumerate() {
        if index > 0 {
            flat.push(',');
        }
        push_json_string(key, flat);
        flat.push(':');
        let hidden = match value {
            Value::Array(_) | Value::Map(_) => {
                push_json_string(&value.to_json(), flat);
                Some(if is_plain(value) {
                    if matches!(value, Value::Array(_)) { "\"array\"".to_owned() } else { "\"map\"".to_owned() }
                } else {
                    let mut exact = "{\"exact\":".to_owned();
                    push_exact(value, &mut exact);
                    exact.push('}');
                    exact
                })
            }
            Value::Bytes(_) => {
                value.push_json(flat);
                Some("\"bytes\"".to_owned())
            }
            Value::Double(double) if !double.is_finite() => {
                value.push_json(flat);
                Some("\"double\"".to_owned())
            }
            scalar => {
                scalar.push_json(flat);
                None
            }
        };
        if let Some(hidden) = hidden {
            types.push(if types.is_empty() { '{' } else { ',' });
            push_json_string(key, &mut types);
            types.push(':');
            types.push_str(&hidden);
        }
    }
    flat.push('}');
    (!types.is_empty()).then(|| {
        types.push('}');
        types
    })
}

/// Whether JSON text alone says all of a nested value.
pub(super) fn is_plain(value: &Value) -> bool {
    match value {
        Value::Bytes(_) => false,
        Value::Double(double) => double.is_finite(),
        Value::Array(items) => items.iter().all(is_plain),
        Value::Map(map) => map.iter().all(|(_, value)| is_plain(value)),
        _ => true,
    }
}

/// Typed JSON: `{"b": base64}`, `{"d": "NaN"}` and `{"m": {…}}` for what plain JSON cannot tell apart.
pub(super) fn push_exact(value: &Value, out: &mut String) {
    match value {
        Value::Bytes(bytes) => {
            out.push_str("{\"b\":\"");
            push_base64(bytes, out);
            out.push_str("\"}");
        }
        Value::Double(double) if !double.is_finite() => {
            out.push_str("{\"d\":");
            value.push_json(out);
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                push_exact(item, out);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push_str("{\"m\":{");
            for (index, (key, value)) in map.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                push_json_string(key, out);
                out.push(':');
                push_exact(value, out);
            }
            out.push_str("}}");
        }
        plain => plain.push_json(out),
    }
}

pub(super) fn from_exact(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(from_exact).collect()),
        Value::Map(map) => {
            if let Some(Value::Text(text)) = map.get("b") {
                return Value::Bytes(base64_bytes(text));
            }
            if let Some(Value::Text(text)) = map.get("d") {
                return Value::Double(double_from(text));
            }
            match map.get("m") {
                Some(Value::Map(inner)) => {
                    Value::Map(inner.iter().map(|(key, value)| (key, from_exact(value.clone()))).collect())
                }
                _ => Value::Null,
            }
        }
        scalar => scalar,
    }
}

pub(super) fn double_from(text: &str) -> f64 {
    match text {
        "Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        _ => f64::NAN,
    }
}

/// Reads standard base64; anything else ends it.
pub(super) fn base64_bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let mut group = 0u32;
    let mut bits = 0;
    for byte in text.bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        group = (group << 6 | u32::from(six)) & 0xff_ffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((group >> bits & 0xff) as u8);
        }
    }
    bytes
}

/// The attributes of a row, from the flat object's JSON and the types beside it.
pub(crate) fn attributes_from_sql(flat: Option<&str>, types: Option<&str>) -> Attributes {
    let Some(Value::Map(flat)) = flat.map(parse) else { return Attributes::new() };
    let types = match types.map(parse) {
        Some(Value::Map(types)) => types,
        _ => return flat,
    };
    flat.iter()
        .map(|(key, value)| {
            let typed = match (types.get(key), value) {
                (Some(Value::Text(kind)), Value::Text(text)) => match kind.as_str() {
                    "array" | "map" => parse(text),
                    "bytes" => Value::Bytes(base64_bytes(text)),
                    "double" => Value::Double(double_from(text)),
                    _ => value.clone(),
                },
                (Some(Value::Map(exact)), _) => {
                    exact.get("exact").map_or(Value::Null, |value| from_exact(value.clone()))
                }
                _ => value.clone(),
            };
            (key, typed)
        })
        .collect()
}

/// What a scope has besides name and version, as JSON; `None` when there is nothing.
pub(crate) fn scope_rest(scope: &Scope) -> Option<String> {
    if scope.attributes.is_empty() && scope.dropped_attributes_count == 0 && scope.schema_url.is_empty() {
        return None;
    }
    let mut rest = "{\"a\":".to_owned();
    push_exact(&Value::Map(scope.attributes.clone()), &mut rest);
    rest.push_str(&format!(",\"n\":{},\"u\":", scope.dropped_attributes_count));
    push_json_string(&scope.schema_url, &mut rest);
    rest.push('}');
    Some(rest)
}

/// The scope of a row.
pub(crate) fn scope_from_sql(name: String, version: String, rest: Option<&str>) -> Scope {
    let mut scope = Scope { name, version, ..Scope::default() };
    if let Some(Value::Map(rest)) = rest.map(parse) {
        if let Some(Value::Map(attributes)) = rest.get("a").map(|value| from_exact(value.clone())) {
            scope.attributes = attributes;
        }
        scope.dropped_attributes_count = rest.get("n").and_then(Value::as_int).unwrap_or(0) as u32;
        scope.schema_url = rest.get("u").and_then(Value::as_text).unwrap_or_default().to_owned();
    }
    scope
}

/// A log body for SQL: its text and, unless it is text, its type.
pub(crate) fn body_to_sql(body: &Value) -> (Option<String>, Option<String>) {
    match body {
        Value::Null => (None, None),
        Value::Text(text) => (Some(text.clone()), None),
        other => {
            let mut exact = String::new();
            push_exact(other, &mut exact);
            let text = other.to_display();
            let kind = if exact == text { "json".to_owned() } else { exact };
            (Some(text), Some(kind))
        }
    }
}

/// The inverse of [`body_to_sql`].
pub(crate) fn body_from_sql(text: Option<String>, kind: Option<&str>) -> Value {
    match (text, kind) {
        (None, _) => Value::Null,
        (Some(text), None) => Value::Text(text),
        (Some(text), Some("json")) => parse(&text),
        (Some(_), Some(exact)) => from_exact(parse(exact)),
    }
}

/// JSON to a value; whole numbers are `Int`, all others `Double`. Broken text becomes `Null`.
pub(crate) fn parse(text: &str) -> Value {
    serde_json::from_str::<Parsed>(text).map_or(Value::Null, |parsed| parsed.0)
}

struct Parsed(Value);

impl<'de> Deserialize<'de> for Parsed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ParsedVisitor).map(Parsed)
    }
}

struct ParsedVisitor;

impl<'de> Visitor<'de> for ParsedVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or(Value::Double(value as f64), Value::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Double(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Parsed(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Attributes::new();
        while let Some((key, Parsed(value))) = entries.next_entry::<String, Parsed>()? {
            map.insert(key, value);
        }
        Ok(Value::Map(map))
    }
}
