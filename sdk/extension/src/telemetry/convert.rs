//! JSON as OTLP: a record of the platform as a log record, the environment as a resource.

use std::time::SystemTime;

use opentelemetry_proto::tonic::common::v1::any_value::Value as Inner;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use serde_json::Value;

use crate::clock;
use crate::settings::FunctionNames;

/// Deeper bodies than any of the platform's; what a function logs may be deeper and is cut.
const DEEPEST: usize = 12;

pub fn text(key: &str, value: impl Into<String>) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(Inner::StringValue(value.into())) }),
        ..KeyValue::default()
    }
}

pub fn any(value: &Value) -> AnyValue {
    nested(value, 0)
}

fn nested(value: &Value, depth: usize) -> AnyValue {
    let inner = match value {
        Value::Null => None,
        Value::Bool(value) => Some(Inner::BoolValue(*value)),
        Value::Number(number) => Some(match number.as_i64() {
            Some(whole) => Inner::IntValue(whole),
            None => Inner::DoubleValue(number.as_f64().unwrap_or_default()),
        }),
        Value::String(text) => Some(Inner::StringValue(text.clone())),
        Value::Array(_) | Value::Object(_) if depth == DEEPEST => Some(Inner::StringValue(value.to_string())),
        Value::Array(items) => {
            let values = items.iter().map(|item| nested(item, depth + 1)).collect();
            Some(Inner::ArrayValue(ArrayValue { values }))
        }
        Value::Object(map) => {
            let pair = |(key, value): (&String, &Value)| KeyValue {
                key: key.clone(),
                value: Some(nested(value, depth + 1)),
                ..KeyValue::default()
            };
            Some(Inner::KvlistValue(KeyValueList { values: map.iter().map(pair).collect() }))
        }
    };
    AnyValue { value: inner }
}

/// `{"time","type","record"}`. `invocation` is whose it is when the record does not say; `arrived` its time when it has none
/// that can be read.
pub fn record(record: &Value, invocation: Option<&str>, arrived: SystemTime) -> LogRecord {
    let body = &record["record"];
    let time = record["time"].as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let time = time.and_then(|time| u64::try_from(time.as_nanosecond()).ok());
    let mut attributes = vec![text("type", record["type"].as_str().unwrap_or_default())];
    if let Some(id) = body["requestId"].as_str().or(invocation) {
        attributes.push(text("faas.invocation_id", id));
    }
    let (severity_number, severity_text) = severity(record["type"].as_str().unwrap_or_default(), body);
    LogRecord {
        time_unix_nano: time.unwrap_or_else(|| clock::unix_ns(arrived)),
        observed_time_unix_nano: clock::unix_ns(arrived),
        severity_number,
        severity_text: severity_text.to_owned(),
        body: Some(any(body)),
        attributes,
        trace_id: id(&body["trace_id"], 16),
        span_id: id(&body["span_id"], 8),
        ..LogRecord::default()
    }
}

/// Of OpenTelemetry's 24 degrees, what a line says of itself; the platform's records are information.
fn severity<'a>(kind: &str, body: &'a Value) -> (i32, &'a str) {
    let level = body["level"].as_str().or(body["levelname"].as_str()).or(body["severity"].as_str()).unwrap_or_default();
    let number = match level.to_ascii_lowercase().as_str() {
        "trace" => 1,
        "debug" => 5,
        "info" | "information" => 9,
        "warn" | "warning" => 13,
        "error" => 17,
        "fatal" | "critical" => 21,
        _ if kind.starts_with("platform.") => 9,
        _ => 0,
    };
    (number, level)
}

/// Hexadecimal digits of so many bytes, as structured logs carry them; else nothing.
fn id(value: &Value, bytes: usize) -> Vec<u8> {
    let Some(text) = value.as_str().filter(|text| text.len() == 2 * bytes && text.is_ascii()) else {
        return Vec::new();
    };
    let parsed: Option<Vec<u8>> =
        (0..bytes).map(|index| u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()).collect();
    parsed.unwrap_or_default()
}

/// The environment, by the conventions for functions.
pub fn resource(function: &FunctionNames, account: Option<&str>, instance: &str) -> Vec<KeyValue> {
    let service = function.service.clone().unwrap_or_else(|| function.name.clone());
    let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let mut all = vec![
        text("service.name", service),
        text("cloud.provider", "aws"),
        text("cloud.platform", "aws_lambda"),
        text("cloud.region", &function.region),
        text("faas.name", &function.name),
        text("faas.version", &function.version),
        text("faas.instance", instance),
        text("host.arch", arch),
        text("telemetry.distro.name", env!("CARGO_PKG_NAME")),
        text("telemetry.distro.version", env!("CARGO_PKG_VERSION")),
    ];
    all.extend(account.map(|account| text("cloud.account.id", account)));
    if let Some(bytes) = function.memory_mb.and_then(|mb| i64::try_from(mb << 20).ok()) {
        let value = Some(AnyValue { value: Some(Inner::IntValue(bytes)) });
        all.push(KeyValue { key: "faas.max_memory".to_owned(), value, ..KeyValue::default() });
    }
    for (key, value) in &function.attributes {
        if !all.iter().any(|known| known.key == *key) {
            all.push(text(key, value));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn converted(value: Value, invocation: Option<&str>) -> LogRecord {
        record(&value, invocation, SystemTime::UNIX_EPOCH)
    }

    fn attribute<'a>(log: &'a LogRecord, key: &str) -> Option<&'a str> {
        let found = log.attributes.iter().find(|one| one.key == key)?;
        match found.value.as_ref()?.value.as_ref()? {
            Inner::StringValue(text) => Some(text),
            _ => None,
        }
    }

    #[test]
    fn a_report_is_a_log_with_its_name_its_invocation_and_itself() {
        let log = converted(
            json!({ "time": "2026-03-01T10:00:00.322Z", "type": "platform.report",
                    "record": { "requestId": "6f7f", "metrics": { "durationMs": 130.1, "billedDurationMs": 312 } } }),
            None,
        );
        assert_eq!(attribute(&log, "type"), Some("platform.report"));
        assert_eq!(attribute(&log, "faas.invocation_id"), Some("6f7f"));
        assert_eq!(log.time_unix_nano, 1_772_359_200_322_000_000);
        let metrics = json!({ "durationMs": 130.1, "billedDurationMs": 312 });
        assert_eq!(log.body, Some(any(&json!({ "requestId": "6f7f", "metrics": metrics }))));
    }

    #[test]
    fn what_is_not_understood_costs_that_detail_only() {
        let odd = converted(json!({ "time": "2022-10-12T12:01:23:521Z", "type": "platform.new", "record": [1] }), None);
        assert_eq!(odd.time_unix_nano, 0, "the time of arrival");
        assert_eq!(attribute(&odd, "type"), Some("platform.new"));
        let empty = converted(json!(7), None);
        assert_eq!(attribute(&empty, "type"), Some(""));
        let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
        assert!(any(&deep).value.is_some());
    }

    #[test]
    fn a_line_belongs_to_the_invocation_it_was_written_in() {
        let line = converted(json!({ "type": "function", "record": "hello" }), Some("6f7f"));
        assert_eq!(attribute(&line, "faas.invocation_id"), Some("6f7f"));
        let trace = "65e1a2b00123456789abcdef01234567";
        let told = json!({ "level": "WARN", "requestId": "own", "message": "x", "trace_id": trace, "span_id": "54565fb41ac79632" });
        let object = converted(json!({ "type": "function", "record": told }), Some("6f7f"));
        assert_eq!(attribute(&object, "faas.invocation_id"), Some("own"));
        assert_eq!((object.severity_number, object.trace_id.len(), object.span_id.len()), (13, 16, 8));
    }
}
