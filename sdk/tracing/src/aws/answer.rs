//! What an answer of AWS says: request ids, errors, consumed capacity.

use opentelemetry::{Array, KeyValue, StringValue, Value};
use serde::Deserialize;
use serde_json::value::RawValue;

/// An answer as it came.
pub(super) struct Answer<'a> {
    pub(super) status: u16,
    pub(super) request_id: Option<&'a str>,
    pub(super) extended_request_id: Option<&'a str>,
    /// The header that names an error.
    pub(super) error: Option<&'a str>,
    /// `None` for streams.
    pub(super) body: Option<&'a [u8]>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) code: String,
    pub(super) message: Option<String>,
}

/// A larger answer is not looked into: capacities and errors are short.
const LARGEST: usize = 256 * 1024;

#[derive(Deserialize)]
struct Members<'a> {
    #[serde(default, rename = "__type")]
    kind: Option<String>,
    #[serde(default, alias = "Message")]
    message: Option<String>,
    #[serde(default, borrow, rename = "ConsumedCapacity")]
    capacity: Option<&'a RawValue>,
}

fn members<'a>(answer: &Answer<'a>) -> Option<Members<'a>> {
    let body = answer.body.filter(|body| body.len() <= LARGEST && body.first() == Some(&b'{'))?;
    serde_json::from_slice(body).ok()
}

pub(super) fn attributes(answer: &Answer<'_>) -> Vec<KeyValue> {
    let mut all = Vec::new();
    all.extend(answer.request_id.map(|id| KeyValue::new("aws.request_id", id.to_owned())));
    all.extend(answer.extended_request_id.map(|id| KeyValue::new("aws.extended_request_id", id.to_owned())));
    // Only DynamoDB says so, and only when asked to.
    let asked = answer.body.is_some_and(|body| body.windows(18).any(|part| part == b"\"ConsumedCapacity\""));
    if let Some(capacity) = members(answer).filter(|_| asked).and_then(|members| members.capacity) {
        all.push(KeyValue::new("aws.dynamodb.consumed_capacity", capacities(capacity)));
    }
    all
}

/// One, or one per table.
fn capacities(json: &RawValue) -> Value {
    let each: Vec<&RawValue> = serde_json::from_str(json.get()).unwrap_or_else(|_| vec![json]);
    Value::Array(Array::String(each.into_iter().map(|one| StringValue::from(one.get().to_owned())).collect()))
}

/// The error's name, by which a throttled call is told from a wrong one; `None` for a success.
pub(super) fn error(answer: &Answer<'_>) -> Option<Failure> {
    if answer.status < 400 {
        return None;
    }
    let members = members(answer);
    let message = members.as_ref().and_then(|members| members.message.clone());
    let kind = members.and_then(|members| members.kind);
    let named = answer.error.map(str::to_owned).or(kind);
    let (code, message) = match named {
        // `com.amazonaws.dynamodb.v20120810#ThrottlingException:http://…`
        Some(named) => (named.rsplit('#').next().and_then(|name| name.split(':').next()).map(str::to_owned), message),
        None => (tag(answer, "Code"), tag(answer, "Message")),
    };
    Some(Failure { code: code.unwrap_or_else(|| answer.status.to_string()), message })
}

/// `<Code>NoSuchKey</Code>`
fn tag(answer: &Answer<'_>, name: &str) -> Option<String> {
    let body = answer.body.filter(|body| body.len() <= LARGEST)?;
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    rest.split_once("</").map(|(value, _)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer<'_> {
        Answer { status, request_id: None, extended_request_id: None, error: None, body: Some(body.as_bytes()) }
    }

    #[track_caller]
    fn check(answer: &Answer<'_>, code: &str, message: Option<&str>) {
        assert_eq!(error(answer), Some(Failure { code: code.to_owned(), message: message.map(str::to_owned) }));
    }

    #[test]
    fn an_error_is_named_as_each_protocol_names_it() {
        let json = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"slow down"}"#;
        check(&answer(400, json), "ThrottlingException", Some("slow down"));
        let xml = "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>no such key</Message></Error>";
        check(&answer(404, xml), "NoSuchKey", Some("no such key"));
        let header = Answer { error: Some("ResourceNotFoundException:http://internal/"), ..answer(404, "{}") };
        check(&header, "ResourceNotFoundException", None);
        check(&answer(503, ""), "503", None);
        assert_eq!(error(&answer(200, json)), None);
    }

    #[test]
    fn capacity_is_told_where_it_was_asked_for() {
        let one = attributes(&answer(200, r#"{"ConsumedCapacity":{"TableName":"orders","CapacityUnits":1.0}}"#));
        assert_eq!(one[0].value.to_string(), r#"["{"TableName":"orders","CapacityUnits":1.0}"]"#);
        let two = attributes(&answer(200, r#"{"ConsumedCapacity":[{"CapacityUnits":1.0},{"CapacityUnits":2.0}]}"#));
        assert!(matches!(&two[0].value, Value::Array(Array::String(each)) if each.len() == 2));
        assert!(attributes(&answer(200, "{}")).is_empty());
    }
}
