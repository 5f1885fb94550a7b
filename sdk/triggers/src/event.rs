//! An event's bytes as JSON, no deeper than any rule looks.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// The deepest thing a rule asks for is CloudFront's `Records[0].cf.request.headers.traceparent[0].value`: eight levels.
const DEPTH: usize = 10;

/// The event as far as [`explain`](crate::explain()) looks at it: what is nested deeper than ten levels is null, and what is no
/// JSON at all is null as a whole. Costs no memory for what is left out.
///
/// ```
/// use coldlight_triggers::{Source, explain, parse};
///
/// let event = parse(br#"{"Records": [{"EventSource": "aws:sns", "Sns": {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:news"}}]}"#);
/// assert_eq!(explain(&event).source, Source::Sns);
/// assert_eq!(explain(&parse(b"{not json")).source, Source::Custom);
/// ```
pub fn parse(event: &[u8]) -> Value {
    let mut deserializer = serde_json::Deserializer::from_slice(event);
    Bounded(DEPTH).deserialize(&mut deserializer).unwrap_or_default()
}

/// A value with at most so many levels.
struct Bounded(usize);

impl<'de> DeserializeSeed<'de> for Bounded {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.0 {
            0 => deserializer.deserialize_ignored_any(IgnoredAny).map(|_| Value::Null),
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Bounded {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element_seed(Bounded(self.0 - 1))? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            all.insert(name, members.next_value_seed(Bounded(self.0 - 1))?);
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_deeper_than_any_rule_looks_is_left_out() {
        let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
        let mut value = &parse(format!("{{\"a\": {deep}, \"b\": 2}}").as_bytes());
        assert_eq!(value["b"], 2);
        value = &value["a"];
        let mut levels = 0;
        while let Some(inner) = value.get(0) {
            (value, levels) = (inner, levels + 1);
        }
        assert_eq!((levels, value), (DEPTH - 1, &Value::Null));
    }

    #[test]
    fn shallow_json_stays_as_it_is() {
        let event = json!({"text": "ä\n", "numbers": [1, -2, 2.5, 18446744073709551615_u64], "yes": true, "none": null, "in": {}});
        assert_eq!(parse(event.to_string().as_bytes()), event);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            parse(&bytes);
        }
    }
}
