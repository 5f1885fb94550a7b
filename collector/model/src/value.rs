//! Attribute values as OTLP has them, and their JSON text.

use std::collections::{HashMap, HashSet};

/// The most levels an attribute value may nest before the rest is replaced by [`Value::TOO_DEEP`]: deeper JSON overflows the
/// stack of those who walk it, DuckDB's casts among them.
pub const MAX_DEPTH: usize = 16;

/// One attribute value: OTLP's `AnyValue`.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// An `AnyValue` with nothing in it: how SDKs send null.
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
    Array(Vec<Value>),
    Map(Attributes),
}

impl Value {
    /// Stands where a value nested deeper than [`MAX_DEPTH`].
    pub const TOO_DEEP: &'static str = "(nested deeper than 16 levels)";

    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A number, also one sent as text: some senders put `"512"` where a number belongs.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(int) => Some(*int),
            Self::Double(double) if double.fract() == 0.0 && double.abs() < 9e18 => Some(*double as i64),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Self::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// The first text of an array, or the text itself: conventions changed several names from one form to the other.
    pub fn first_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Array(items) => items.first().and_then(Value::as_text),
            _ => None,
        }
    }

    /// What a person reads: text without quotes, everything else as JSON.
    pub fn to_display(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            other => other.to_json(),
        }
    }

    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.push_json(&mut out);
        out
    }

    /// Appends plain JSON: bytes become base64 text, and NaN and the infinities become the strings proto3's JSON uses.
    pub fn push_json(&self, out: &mut String) {
        use std::fmt::Write;
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Int(int) => {
                let _ = write!(out, "{int}");
            }
            Self::Double(double) if double.is_nan() => out.push_str("\"NaN\""),
            Self::Double(double) if double.is_infinite() => {
                out.push_str(if *double > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" });
            }
            // `{:?}` is the shortest text that reads back as the same double, and always has a `.` or an exponent.
            Self::Double(double) => {
                let _ = write!(out, "{double:?}");
            }
            Self::Text(text) => push_json_string(text, out),
            Self::Bytes(bytes) => {
                out.push('"');
                push_base64(bytes, out);
                out.push('"');
            }
            Self::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.push_json(out);
                }
                out.push(']');
            }
            Self::Map(map) => map.push_json(out),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Appends `text` as a JSON string with its quotes.
pub fn push_json_string(text: &str, out: &mut String) {
    use std::fmt::Write;
    out.push('"');
    let mut clean_from = 0;
    for (index, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..=0x1f | 0x7f => "",
            _ => continue,
        };
        out.push_str(&text[clean_from..index]);
        if escape.is_empty() {
            let _ = write!(out, "\\u{byte:04x}");
        } else {
            out.push_str(escape);
        }
        clean_from = index + 1;
    }
    out.push_str(&text[clean_from..]);
    out.push('"');
}

/// Appends standard base64 with padding (RFC 4648, section 4).
pub fn push_base64(bytes: &[u8], out: &mut String) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in bytes.chunks(3) {
        let group = u32::from(chunk[0]) << 16
            | u32::from(chunk.get(1).copied().unwrap_or(0)) << 8
            | u32::from(chunk.get(2).copied().unwrap_or(0));
        for position in 0..4 {
            if position > chunk.len() {
                out.push('=');
            } else {
                out.push(ALPHABET[(group >> (18 - 6 * position) & 63) as usize] as char);
            }
        }
    }
}

/// Attributes in the order they came, one value a key.
///
/// OTLP leaves duplicate keys open; [`Attributes::insert`] keeps the last value and says so.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributes(Vec<(String, Value)>);

impl Attributes {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// Sets `key`; true when it replaced an earlier value.
    pub fn insert(&mut self, key: String, value: Value) -> bool {
        match self.0.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => {
                *old = value;
                true
            }
            None => {
                self.0.push((key, value));
                false
            }
        }
    }

    /// From pairs in the order they came, in linear time: of equal keys the last value stays, at the first's place.
    /// True when a key came twice.
    pub fn from_pairs(pairs: Vec<(String, Value)>) -> (Self, bool) {
        if !has_duplicates(&pairs) {
            return (Self(pairs), false);
        }
        let mut places = HashMap::new();
        let mut kept: Vec<(String, Value)> = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            match places.get(&key) {
                Some(&place) => {
                    let (_, old): &mut (String, Value) = &mut kept[place];
                    *old = value;
                }
                None => {
                    places.insert(key.clone(), kept.len());
                    kept.push((key, value));
                }
            }
        }
        (Self(kept), true)
    }

    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Value)> {
        self.0.iter_mut().map(|(key, value)| (key.as_str(), value))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends a JSON object, nested maps and arrays included.
    pub fn push_json(&self, out: &mut String) {
        out.push('{');
        for (index, (key, value)) in self.0.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            push_json_string(key, out);
            out.push(':');
            value.push_json(out);
        }
        out.push('}');
    }
}

/// Comparing all pairs is quickest for the few attributes most spans have; hashing keeps hundreds of them linear.
fn has_duplicates(pairs: &[(String, Value)]) -> bool {
    const FEW: usize = 24;
    if pairs.len() <= FEW {
        pairs.iter().enumerate().any(|(at, (key, _))| pairs[..at].iter().any(|(earlier, _)| earlier == key))
    } else {
        let mut seen = HashSet::with_capacity(pairs.len());
        pairs.iter().any(|(key, _)| !seen.insert(key.as_str()))
    }
}

impl<K: Into<String>> FromIterator<(K, Value)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(pairs: I) -> Self {
        let mut attributes = Self::new();
        for (key, value) in pairs {
            attributes.insert(key.into(), value);
        }
        attributes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_duplicate_keys_wins() {
        let mut attributes = Attributes::new();
        assert!(!attributes.insert("a".into(), Value::Int(1)));
        assert!(attributes.insert("a".into(), Value::Int(2)));
        assert_eq!(attributes.get("a"), Some(&Value::Int(2)));
        assert_eq!(attributes.len(), 1);
    }

    #[test]
    fn pairs_keep_their_order_and_the_last_of_equal_keys_few_or_many() {
        for extra in [0, 100] {
            let mut pairs: Vec<(String, Value)> = (0..extra).map(|n| (format!("k{n}"), Value::Null)).collect();
            pairs.extend([("a".into(), Value::Int(1)), ("b".into(), Value::Int(2)), ("a".into(), Value::Int(3))]);
            let (attributes, twice) = Attributes::from_pairs(pairs);
            assert!(twice);
            assert_eq!(attributes.len(), extra + 2);
            assert_eq!(attributes.iter().last(), Some(("b", &Value::Int(2))));
            assert_eq!(attributes.get("a"), Some(&Value::Int(3)));
        }
    }

    #[test]
    fn json_text_escapes_what_json_forbids() {
        let value =
            Value::Map(Attributes::from_iter([("a\"\u{1}", Value::Array(vec![Value::Double(1.0), Value::Null]))]));
        assert_eq!(value.to_json(), "{\"a\\\"\\u0001\":[1.0,null]}");
    }

    #[test]
    fn bytes_are_base64_with_padding() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            let mut out = String::new();
            push_base64(bytes.as_bytes(), &mut out);
            assert_eq!(out, text);
        }
    }
}
