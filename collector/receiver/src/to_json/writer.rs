//! JSON as OTLP has it, member by member.

use std::fmt::Write;

use coldlight_model::{Attributes, Timestamp, Value, push_base64, push_json_string};

/// A JSON text being written. What OTLP takes for granted (empty text, zero) is left out.
#[derive(Default)]
pub(super) struct Json {
    pub(super) out: String,
}

impl Json {
    pub(super) fn object(&mut self, members: impl FnOnce(&mut Self)) {
        self.out.push('{');
        members(self);
        self.out.push('}');
    }

    pub(super) fn array<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        self.out.push('[');
        for (index, value) in items.iter().enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            item(self, value);
        }
        self.out.push(']');
    }

    pub(super) fn key(&mut self, name: &str) {
        if !self.out.ends_with('{') {
            self.out.push(',');
        }
        // Every name here is a plain word.
        let _ = write!(self.out, "\"{name}\":");
    }

    pub(super) fn member_of(&mut self, name: &str, value: impl FnOnce(&mut Self)) {
        self.key(name);
        value(self);
    }

    pub(super) fn member(&mut self, name: &str, members: impl FnOnce(&mut Self)) {
        self.member_of(name, |json| json.object(members));
    }

    /// A member that is a list of objects.
    pub(super) fn list<T>(&mut self, name: &str, items: &[T], mut members: impl FnMut(&mut Self, &T)) {
        self.member_of(name, |json| json.array(items, |json, item| json.object(|json| members(json, item))));
    }

    pub(super) fn text(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.key(name);
            push_json_string(text, &mut self.out);
        }
    }

    pub(super) fn count(&mut self, name: &str, count: u32) {
        if count > 0 {
            self.number(name, count);
        }
    }

    pub(super) fn number(&mut self, name: &str, number: impl std::fmt::Display) {
        self.key(name);
        let _ = write!(self.out, "{number}");
    }

    /// A 64-bit number is text, or JavaScript would lose its last digits.
    pub(super) fn time(&mut self, name: &str, at: Timestamp) {
        self.key(name);
        let _ = write!(self.out, "\"{}\"", at.nanos());
    }

    pub(super) fn attributes<'a>(&mut self, attributes: impl Iterator<Item = (&'a str, &'a Value)>) {
        let pairs: Vec<_> = attributes.collect();
        if !pairs.is_empty() {
            self.pairs("attributes", &pairs);
        }
    }

    pub(super) fn pairs(&mut self, name: &str, pairs: &[(&str, &Value)]) {
        self.list(name, pairs, |json, (key, value)| {
            json.member_of("key", |json| push_json_string(key, &mut json.out));
            json.member("value", |json| json.value(value));
        });
    }

    /// The one member of an `AnyValue`; none for null.
    pub(super) fn value(&mut self, value: &Value) {
        match value {
            Value::Null => {}
            Value::Bool(bool) => self.number("boolValue", bool),
            Value::Int(int) => self.member_of("intValue", |json| {
                let _ = write!(json.out, "\"{int}\"");
            }),
            Value::Double(_) => self.member_of("doubleValue", |json| value.push_json(&mut json.out)),
            Value::Text(text) => self.member_of("stringValue", |json| push_json_string(text, &mut json.out)),
            Value::Bytes(bytes) => self.member_of("bytesValue", |json| {
                json.out.push('"');
                push_base64(bytes, &mut json.out);
                json.out.push('"');
            }),
            Value::Array(items) => self.member("arrayValue", |json| {
                json.list("values", items, |json, item| json.value(item));
            }),
            Value::Map(map) => self.member("kvlistValue", |json| json.map(map)),
        }
    }

    pub(super) fn map(&mut self, map: &Attributes) {
        self.pairs("values", &map.iter().collect::<Vec<_>>());
    }
}
