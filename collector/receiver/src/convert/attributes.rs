//! Texts, values and attributes: cut to size, secrets replaced, and what was done to them noted.

use coldlight_model::{Attributes, MAX_DEPTH, Oddities, Value};
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList, any_value};

use super::{MAX_ATTRIBUTES, MAX_VALUE_BYTES};
use crate::redact::{REDACTED, is_sensitive, redact};

/// What each item of an array or map counts against [`MAX_VALUE_BYTES`], besides the bytes of a text.
const ITEM_BYTES: usize = 8;

/// Converts texts and values, and remembers what was odd about them.
pub(super) struct Converter {
    /// Since the last [`Converter::take_oddities`].
    oddities: Oddities,
    /// Bad text was mended somewhere in this request: U+FFFD marks whoever has it.
    text_was_mended: bool,
    pub(super) secrets: u64,
}

impl Converter {
    pub(super) fn new(text_was_mended: bool) -> Self {
        Self { oddities: Oddities::default(), text_was_mended, secrets: 0 }
    }

    /// What was odd since this was last asked.
    pub(super) fn take_oddities(&mut self) -> Oddities {
        std::mem::take(&mut self.oddities)
    }

    pub(super) fn mark(&mut self, oddity: Oddities) {
        self.oddities.add(oddity);
    }

    pub(super) fn text(&mut self, text: String) -> String {
        let mut room = MAX_VALUE_BYTES;
        self.text_within(text, &mut room)
    }

    /// `room`: how many bytes may be kept; reduced by those that are.
    fn text_within(&mut self, mut text: String, room: &mut usize) -> String {
        if self.text_was_mended && text.contains(char::REPLACEMENT_CHARACTER) {
            self.mark(Oddities::BAD_TEXT);
        }
        // Before it is cut: half a secret is not recognised.
        let secrets = redact(&mut text);
        if secrets > 0 {
            self.secrets += secrets;
            self.mark(Oddities::REDACTED);
        }
        if text.len() > *room {
            text.truncate(text.floor_char_boundary(*room));
            text.shrink_to_fit();
            self.mark(Oddities::CUT_VALUE);
        }
        *room -= text.len();
        text
    }

    /// Attributes in the order they came. Those over [`MAX_ATTRIBUTES`] are added to `dropped`.
    pub(super) fn attributes(&mut self, pairs: Vec<KeyValue>, dropped: &mut u32) -> Attributes {
        let over = pairs.len().saturating_sub(MAX_ATTRIBUTES);
        if over > 0 {
            *dropped = dropped.saturating_add(u32::try_from(over).unwrap_or(u32::MAX));
            self.mark(Oddities::CUT_LIST);
        }
        let mut converted = Vec::with_capacity(pairs.len() - over);
        for pair in pairs.into_iter().take(MAX_ATTRIBUTES) {
            let mut room = MAX_VALUE_BYTES;
            let (key, value, sensitive) = self.pair(pair, false);
            converted.push((key, self.value(value, 0, sensitive, &mut room)));
        }
        self.unique(converted)
    }

    fn unique(&mut self, pairs: Vec<(String, Value)>) -> Attributes {
        let (attributes, duplicates) = Attributes::from_pairs(pairs);
        if duplicates {
            self.mark(Oddities::DUPLICATE_KEY);
        }
        attributes
    }

    /// A value that stands alone, such as the body of a log record.
    pub(super) fn body(&mut self, value: Option<AnyValue>) -> Value {
        self.value(value, 0, false, &mut { MAX_VALUE_BYTES })
    }

    /// The key, the value yet to be converted, and whether it is a secret; `outer`: whether one around it is.
    fn pair(&mut self, pair: KeyValue, outer: bool) -> (String, Option<AnyValue>, bool) {
        // `key_strindex` belongs to profiles; in other signals OTLP wants it treated as absent.
        let KeyValue { key, value, key_strindex: _ } = pair;
        let sensitive = outer || is_sensitive(&key);
        let mut room = MAX_VALUE_BYTES;
        let key = if key.len() > room || self.text_was_mended { self.text_within(key, &mut room) } else { key };
        (key, value, sensitive)
    }

    /// `containers`: how many arrays and maps enclose it. `sensitive`: its key says that it is a secret.
    fn value(&mut self, value: Option<AnyValue>, containers: usize, sensitive: bool, room: &mut usize) -> Value {
        use any_value::Value as Otlp;
        let Some(value) = value.and_then(|AnyValue { value }| value) else { return Value::Null };
        match value {
            Otlp::StringValue(text) if sensitive => self.secret(!text.is_empty() && text != REDACTED, text, room),
            Otlp::StringValue(text) => Value::Text(self.text_within(text, room)),
            Otlp::BoolValue(bool) => Value::Bool(bool),
            Otlp::IntValue(int) => Value::Int(int),
            Otlp::DoubleValue(double) => Value::Double(double),
            Otlp::BytesValue(bytes) if sensitive => self.secret(!bytes.is_empty(), String::new(), room),
            Otlp::BytesValue(bytes) => Value::Bytes(self.bytes(bytes, room)),
            // An index into a profile's strings; in other signals OTLP wants it treated as absent.
            Otlp::StringValueStrindex(_) => Value::Null,
            Otlp::ArrayValue(_) | Otlp::KvlistValue(_) if containers >= MAX_DEPTH => {
                self.mark(Oddities::TOO_DEEP);
                Value::Text(self.text_within(Value::TOO_DEEP.to_owned(), room))
            }
            Otlp::ArrayValue(ArrayValue { values }) => {
                let mut items = Vec::with_capacity(values.len().min(*room / ITEM_BYTES));
                for value in values {
                    if !self.has_room(room) {
                        break;
                    }
                    items.push(self.value(Some(value), containers + 1, sensitive, room));
                }
                Value::Array(items)
            }
            Otlp::KvlistValue(KeyValueList { values }) => {
                let mut pairs = Vec::with_capacity(values.len().min(*room / ITEM_BYTES));
                for pair in values {
                    if !self.has_room(room) {
                        break;
                    }
                    let (key, value, sensitive) = self.pair(pair, sensitive);
                    *room = room.saturating_sub(key.len());
                    pairs.push((key, self.value(value, containers + 1, sensitive, room)));
                }
                Value::Map(self.unique(pairs))
            }
        }
    }

    /// Takes what an item of an array or map counts at least; false when the value is full.
    fn has_room(&mut self, room: &mut usize) -> bool {
        match room.checked_sub(ITEM_BYTES) {
            Some(left) => {
                *room = left;
                true
            }
            None => {
                self.mark(Oddities::CUT_VALUE);
                false
            }
        }
    }

    fn secret(&mut self, is_one: bool, text: String, room: &mut usize) -> Value {
        if !is_one {
            return Value::Text(self.text_within(text, room));
        }
        self.secrets += 1;
        self.mark(Oddities::REDACTED);
        *room = room.saturating_sub(REDACTED.len());
        Value::Text(REDACTED.to_owned())
    }

    fn bytes(&mut self, mut bytes: Vec<u8>, room: &mut usize) -> Vec<u8> {
        if bytes.len() > *room {
            bytes.truncate(*room);
            bytes.shrink_to_fit();
            self.mark(Oddities::CUT_VALUE);
        }
        *room -= bytes.len();
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use any_value::Value as Otlp;

    fn any(value: Otlp) -> AnyValue {
        AnyValue { value: Some(value) }
    }

    fn text(text: &str) -> AnyValue {
        any(Otlp::StringValue(text.into()))
    }

    fn pair(key: &str, value: AnyValue) -> KeyValue {
        KeyValue { key: key.into(), value: Some(value), ..Default::default() }
    }

    fn converted(pairs: Vec<KeyValue>) -> (Attributes, u32, Oddities, u64) {
        let mut converter = Converter::new(false);
        let mut dropped = 0;
        let attributes = converter.attributes(pairs, &mut dropped);
        (attributes, dropped, converter.take_oddities(), converter.secrets)
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let (attributes, dropped, oddities, _) = converted(vec![pair("k", text(&"é".repeat(40_000)))]);
        assert_eq!(attributes.get("k").unwrap().as_text().unwrap().len(), MAX_VALUE_BYTES);
        assert_eq!((dropped, oddities), (0, Oddities::CUT_VALUE));
        let (attributes, ..) = converted(vec![pair("k", text(&format!("x{}", "é".repeat(40_000))))]);
        assert_eq!(attributes.get("k").unwrap().as_text().unwrap().len(), MAX_VALUE_BYTES - 1);
    }

    #[test]
    fn an_array_or_a_map_is_one_value_with_one_limit() {
        let items = any(Otlp::ArrayValue(ArrayValue { values: vec![text(&"x".repeat(50_000)); 10] }));
        let (attributes, _, oddities, _) = converted(vec![pair("k", items)]);
        assert!(attributes.get("k").unwrap().to_json().len() < MAX_VALUE_BYTES + 100);
        assert!(oddities.has(Oddities::CUT_VALUE));
        let many = any(Otlp::ArrayValue(ArrayValue { values: vec![any(Otlp::BoolValue(true)); 100_000] }));
        let (attributes, ..) = converted(vec![pair("k", many)]);
        let Some(Value::Array(items)) = attributes.get("k") else { panic!() };
        assert_eq!(items.len(), MAX_VALUE_BYTES / ITEM_BYTES);
    }

    #[test]
    fn more_than_512_attributes_are_counted_as_dropped() {
        let pairs = (0..600).map(|n| pair(&n.to_string(), any(Otlp::IntValue(n)))).collect();
        let (attributes, dropped, oddities, _) = converted(pairs);
        assert_eq!((attributes.len(), dropped, oddities), (512, 88, Oddities::CUT_LIST));
    }

    #[test]
    fn the_last_of_equal_keys_stays_at_any_depth() {
        let twice = vec![pair("k", any(Otlp::IntValue(1))), pair("k", any(Otlp::IntValue(2)))];
        let (attributes, _, oddities, _) = converted(twice.clone());
        assert_eq!((attributes.get("k"), oddities), (Some(&Value::Int(2)), Oddities::DUPLICATE_KEY));
        let inner = any(Otlp::KvlistValue(KeyValueList { values: twice }));
        assert_eq!(converted(vec![pair("m", inner)]).2, Oddities::DUPLICATE_KEY);
    }

    #[test]
    fn the_seventeenth_level_becomes_a_marker() {
        let nest = |levels| {
            (0..levels).fold(text("leaf"), |inner, _| any(Otlp::ArrayValue(ArrayValue { values: vec![inner] })))
        };
        let json = |levels| converted(vec![pair("k", nest(levels))]).0.get("k").unwrap().to_json();
        assert_eq!(json(16), format!("{}\"leaf\"{}", "[".repeat(16), "]".repeat(16)));
        assert_eq!(json(17), format!("{}\"{}\"{}", "[".repeat(16), Value::TOO_DEEP, "]".repeat(16)));
        assert_eq!(converted(vec![pair("k", nest(17))]).2, Oddities::TOO_DEEP);
    }

    #[test]
    fn what_a_sensitive_key_holds_is_replaced_but_for_numbers() {
        let headers = any(Otlp::ArrayValue(ArrayValue { values: vec![text("a=1"), text("b=2")] }));
        let map =
            any(Otlp::KvlistValue(KeyValueList { values: vec![pair("Cookie", text("c")), pair("n", text("m"))] }));
        let (attributes, _, oddities, secrets) = converted(vec![
            pair("http.request.header.cookie", headers),
            pair("headers", map),
            pair("session_token", any(Otlp::BytesValue(vec![1]))),
            pair("gen_ai.usage.input_tokens", any(Otlp::IntValue(7))),
            pair("db.password", text("")),
        ]);
        let mut json = String::new();
        attributes.push_json(&mut json);
        assert_eq!(
            json,
            r#"{"http.request.header.cookie":["REDACTED","REDACTED"],"headers":{"Cookie":"REDACTED","n":"m"},"session_token":"REDACTED","gen_ai.usage.input_tokens":7,"db.password":""}"#
        );
        assert_eq!((oddities, secrets), (Oddities::REDACTED, 4));
    }

    #[test]
    fn references_into_profiles_count_as_absent() {
        let strange = KeyValue { key: "k".into(), value: Some(any(Otlp::StringValueStrindex(3))), key_strindex: 4 };
        assert_eq!(converted(vec![strange]).0.get("k"), Some(&Value::Null));
    }
}
