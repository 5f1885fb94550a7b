//! What all signals share: attributes and their values, ids, resources, scopes.

use coldlight_model::MAX_DEPTH;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::resource::v1::Resource;

use super::number::Whole;
use super::reader::{JsonError, Reader, Scalar};

pub(super) fn attributes(reader: &mut Reader) -> Result<Vec<KeyValue>, JsonError> {
    pairs(reader, 0)
}

/// `containers`: how many arrays and maps enclose these pairs.
fn pairs(reader: &mut Reader, containers: usize) -> Result<Vec<KeyValue>, JsonError> {
    reader.list(|reader| {
        let mut pair = KeyValue::default();
        reader.members(|reader, key| {
            match key {
                "key" => pair.key = reader.text()?,
                "value" => pair.value = Some(any_value(reader, containers)?),
                _ => reader.skip()?,
            }
            Ok(())
        })?;
        Ok(pair)
    })
}

/// One value. An array or map beyond [`MAX_DEPTH`] comes back empty; the conversion puts a marker in its place.
pub(super) fn any_value(reader: &mut Reader, containers: usize) -> Result<AnyValue, JsonError> {
    let mut value = None;
    reader.members(|reader, key| {
        value = match key {
            "stringValue" => match reader.scalar()? {
                Scalar::Null => None,
                Scalar::Bool(bool) => Some(Value::StringValue(bool.to_string())),
                Scalar::Number(number) => Some(Value::StringValue(number.to_owned())),
                Scalar::Text(text) => {
                    reader.spend(text.len() + 24)?;
                    Some(Value::StringValue(text.into_owned()))
                }
            },
            "boolValue" => reader.bool()?.map(Value::BoolValue),
            "intValue" => reader.whole()?.map(|whole| match whole {
                Whole::Int(int) => Value::IntValue(int),
                Whole::Double(double) => Value::DoubleValue(double),
            }),
            "doubleValue" => reader.f64()?.map(Value::DoubleValue),
            "bytesValue" => bytes(reader)?.map(Value::BytesValue),
            "arrayValue" => {
                let values = inner(reader, containers, |reader, containers| {
                    reader.list(|reader| any_value(reader, containers))
                })?;
                Some(Value::ArrayValue(ArrayValue { values }))
            }
            "kvlistValue" => {
                let values = inner(reader, containers, pairs)?;
                Some(Value::KvlistValue(KeyValueList { values }))
            }
            _ => return reader.skip(),
        };
        Ok(())
    })?;
    Ok(AnyValue { value })
}

/// The `values` of an array or a map.
fn inner<T>(
    reader: &mut Reader,
    containers: usize,
    mut list: impl FnMut(&mut Reader, usize) -> Result<Vec<T>, JsonError>,
) -> Result<Vec<T>, JsonError> {
    let mut values = Vec::new();
    reader.members(|reader, key| {
        match key {
            "values" if containers < MAX_DEPTH => values = list(reader, containers + 1)?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(values)
}

/// Base64 in either alphabet, with or without padding.
fn bytes(reader: &mut Reader) -> Result<Option<Vec<u8>>, JsonError> {
    let text = match reader.scalar()? {
        Scalar::Null => return Ok(None),
        Scalar::Text(text) => text,
        _ => return Err(reader.expected("base64")),
    };
    reader.spend(text.len() + 24)?;
    from_base64(&text).map(Some).ok_or_else(|| reader.expected("base64"))
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=').as_bytes();
    let mut out = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for group in digits.chunks(4) {
        let mut bits = 0u32;
        for digit in group {
            let six = match digit {
                b'A'..=b'Z' => digit - b'A',
                b'a'..=b'z' => digit - b'a' + 26,
                b'0'..=b'9' => digit - b'0' + 52,
                b'+' | b'-' => 62,
                b'/' | b'_' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(six);
        }
        let whole = bits << (6 * (4 - group.len()));
        let taken = match group.len() {
            4 => 3,
            3 => 2,
            2 => 1,
            // Six bits alone are no byte.
            _ => return None,
        };
        out.extend_from_slice(&whole.to_be_bytes()[1..1 + taken]);
    }
    Some(out)
}

/// What stands for an id that is not hexadecimal: of no valid length, and not empty as a missing one.
const BAD_ID: [u8; 1] = [0];

/// An id in hexadecimal of any case; whether it has the right length is for the conversion to say.
pub(super) fn id(reader: &mut Reader) -> Result<Vec<u8>, JsonError> {
    let text = match reader.scalar()? {
        Scalar::Null => return Ok(Vec::new()),
        Scalar::Text(text) => text,
        _ => return Ok(BAD_ID.to_vec()),
    };
    let digit = |byte: &u8| (*byte as char).to_digit(16).map(|digit| digit as u8);
    // The longest valid id has 32 digits.
    let decode = |text: &[u8]| {
        text.chunks(2)
            .map(|pair| match pair {
                [high, low] => Some(digit(high)? << 4 | digit(low)?),
                _ => None,
            })
            .collect::<Option<Vec<u8>>>()
    };
    let decoded = if text.len() <= 32 { decode(text.as_bytes()) } else { None };
    reader.spend(24)?;
    Ok(decoded.unwrap_or_else(|| BAD_ID.to_vec()))
}

pub(super) fn resource(reader: &mut Reader) -> Result<Resource, JsonError> {
    let mut resource = Resource::default();
    reader.members(|reader, key| {
        match key {
            "attributes" => resource.attributes = attributes(reader)?,
            "droppedAttributesCount" => resource.dropped_attributes_count = reader.u32()?,
            "entityRefs" => resource.entity_refs = reader.list(entity_ref)?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(resource)
}

fn entity_ref(reader: &mut Reader) -> Result<EntityRef, JsonError> {
    let mut entity = EntityRef::default();
    reader.members(|reader, key| {
        match key {
            "schemaUrl" => entity.schema_url = reader.text()?,
            "type" => entity.r#type = reader.text()?,
            "idKeys" => entity.id_keys = reader.list(Reader::text)?,
            "descriptionKeys" => entity.description_keys = reader.list(Reader::text)?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(entity)
}

pub(super) fn scope(reader: &mut Reader) -> Result<InstrumentationScope, JsonError> {
    let mut scope = InstrumentationScope::default();
    reader.members(|reader, key| {
        match key {
            "name" => scope.name = reader.text()?,
            "version" => scope.version = reader.text()?,
            "attributes" => scope.attributes = attributes(reader)?,
            "droppedAttributesCount" => scope.dropped_attributes_count = reader.u32()?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Option<Value> {
        any_value(&mut Reader::new(json.as_bytes(), usize::MAX), 0).unwrap().value
    }

    #[test]
    fn an_empty_value_and_null_are_nothing() {
        for json in ["{}", "null", r#"{"stringValue":null}"#, r#"{"whatever":1}"#] {
            assert_eq!(value(json), None, "{json}");
        }
    }

    #[test]
    fn of_two_values_the_last_counts() {
        assert_eq!(value(r#"{"stringValue":"a","intValue":"2"}"#), Some(Value::IntValue(2)));
    }

    #[test]
    fn bytes_are_base64_in_either_alphabet() {
        for text in ["+/8=", "-_8", "-_8="] {
            assert_eq!(value(&format!(r#"{{"bytesValue":"{text}"}}"#)), Some(Value::BytesValue(vec![0xfb, 0xff])));
        }
        assert_eq!(from_base64("Zm9vYmFy").unwrap(), b"foobar");
        assert_eq!(from_base64("Z"), None);
        assert_eq!(from_base64("Zm9*"), None);
    }

    #[test]
    fn arrays_and_maps_may_lack_their_values() {
        assert_eq!(value(r#"{"arrayValue":{}}"#), Some(Value::ArrayValue(ArrayValue::default())));
        assert_eq!(value(r#"{"kvlistValue":{"values":null}}"#), Some(Value::KvlistValue(KeyValueList::default())));
    }

    #[test]
    fn ids_are_hexadecimal_of_any_case() {
        let id = |json: &str| id(&mut Reader::new(json.as_bytes(), usize::MAX)).unwrap();
        assert_eq!(id("\"EEE19b7ec3c1b174\""), [0xee, 0xe1, 0x9b, 0x7e, 0xc3, 0xc1, 0xb1, 0x74]);
        assert!(id("\"\"").is_empty());
        assert!(id("null").is_empty());
        assert_eq!(id("\"eee19b7ec3c1b17\""), BAD_ID);
        assert_eq!(id("\"7uGbfsPBsXQ=\""), BAD_ID);
        assert_eq!(id("7"), BAD_ID);
    }
}
