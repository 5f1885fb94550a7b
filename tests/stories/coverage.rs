//! Every field that OTLP has comes back.
//!
//! The requests are built without `..Default::default()`: when OTLP grows a field, this file stops compiling until somebody
//! decided what becomes of it.

use coldlight_tests::random::hex;
use coldlight_tests::{Coldlight, grpc, table};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;
use serde_json::json;

const TRACE: [u8; 16] = *b"\x01coverage trace\x02";
const SPAN: [u8; 8] = *b"\x01 span \x02";
const START: u64 = 1_795_442_602_418_000_001;

fn key(key: &str, value: Value) -> KeyValue {
    // `key_strindex` and string indices belong to profiles alone: they point into a table that traces and logs do not have.
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), key_strindex: 0 }
}

fn any(value: Value) -> AnyValue {
    AnyValue { value: Some(value) }
}

/// One of each type, nested ones included.
fn every_type() -> Vec<KeyValue> {
    let nothing = KeyValue { key: "null".to_owned(), value: None, key_strindex: 0 };
    let array = ArrayValue {
        values: vec![any(Value::StringValue("a".to_owned())), any(Value::IntValue(1)), any(Value::BytesValue(vec![9]))],
    };
    let map = KeyValueList {
        values: vec![
            key("inner", Value::BoolValue(false)),
            key("deep", Value::KvlistValue(KeyValueList { values: vec![] })),
        ],
    };
    vec![
        key("array", Value::ArrayValue(array)),
        key("bool", Value::BoolValue(true)),
        key("bytes", Value::BytesValue(vec![0, 1, 254, 255])),
        key("double", Value::DoubleValue(0.1)),
        key("int", Value::IntValue(i64::MIN)),
        key("map", Value::KvlistValue(map)),
        nothing,
        key("string", Value::StringValue("ä \" \u{1f980}".to_owned())),
    ]
}

fn every_type_as_json() -> serde_json::Value {
    json!([
        { "key": "array", "value": { "arrayValue": { "values": [
            { "stringValue": "a" }, { "intValue": "1" }, { "bytesValue": "CQ==" } ] } } },
        { "key": "bool", "value": { "boolValue": true } },
        { "key": "bytes", "value": { "bytesValue": "AAH+/w==" } },
        { "key": "double", "value": { "doubleValue": 0.1 } },
        { "key": "int", "value": { "intValue": "-9223372036854775808" } },
        { "key": "map", "value": { "kvlistValue": { "values": [
            { "key": "inner", "value": { "boolValue": false } },
            { "key": "deep", "value": { "kvlistValue": { "values": [] } } } ] } } },
        { "key": "null", "value": {} },
        { "key": "string", "value": { "stringValue": "ä \" \u{1f980}" } },
    ])
}

fn resource() -> Resource {
    let service = key("service.name", Value::StringValue("coverage".to_owned()));
    let entity = EntityRef {
        schema_url: "https://example.org/entity".to_owned(),
        r#type: "service".to_owned(),
        id_keys: vec!["service.name".to_owned()],
        description_keys: vec!["string".to_owned()],
    };
    let attributes = every_type().into_iter().chain([service]).collect();
    Resource { attributes, dropped_attributes_count: 1, entity_refs: vec![entity] }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "scope".to_owned(),
        version: "1.2.3".to_owned(),
        attributes: every_type(),
        dropped_attributes_count: 2,
    }
}

fn span() -> Span {
    Span {
        trace_id: TRACE.to_vec(),
        span_id: SPAN.to_vec(),
        trace_state: "vendor=1,other=2".to_owned(),
        parent_span_id: b"\x01parent\x02".to_vec(),
        flags: 0x8000_0301,
        name: "every field".to_owned(),
        kind: 5,
        start_time_unix_nano: START,
        end_time_unix_nano: START + 7,
        attributes: every_type(),
        dropped_attributes_count: 3,
        events: vec![Event {
            time_unix_nano: START + 3,
            name: "event".to_owned(),
            attributes: every_type(),
            dropped_attributes_count: 4,
        }],
        dropped_events_count: 5,
        links: vec![Link {
            trace_id: b"\x01another trace \x02".to_vec(),
            span_id: b"\x01other \x02".to_vec(),
            trace_state: "linked=1".to_owned(),
            attributes: every_type(),
            dropped_attributes_count: 6,
            flags: 0x300,
        }],
        dropped_links_count: 7,
        status: Some(Status { message: "why".to_owned(), code: 2 }),
    }
}

fn spans() -> ExportTraceServiceRequest {
    let scope_spans =
        ScopeSpans { scope: Some(scope()), spans: vec![span()], schema_url: "https://example.org/scope".to_owned() };
    let resource_spans = ResourceSpans {
        resource: Some(resource()),
        scope_spans: vec![scope_spans],
        schema_url: "https://example.org/resource".to_owned(),
    };
    ExportTraceServiceRequest { resource_spans: vec![resource_spans] }
}

fn logs() -> ExportLogsServiceRequest {
    let record = LogRecord {
        time_unix_nano: START,
        observed_time_unix_nano: START + 1,
        severity_number: 17,
        severity_text: "ERROR".to_owned(),
        body: Some(any(Value::KvlistValue(KeyValueList { values: vec![key("said", Value::IntValue(7))] }))),
        attributes: every_type(),
        dropped_attributes_count: 8,
        flags: 1,
        trace_id: TRACE.to_vec(),
        span_id: SPAN.to_vec(),
        event_name: "happened".to_owned(),
    };
    let scope_logs = ScopeLogs {
        scope: Some(scope()),
        log_records: vec![record],
        schema_url: "https://example.org/scope".to_owned(),
    };
    let resource_logs = ResourceLogs {
        resource: Some(resource()),
        scope_logs: vec![scope_logs],
        schema_url: "https://example.org/resource".to_owned(),
    };
    ExportLogsServiceRequest { resource_logs: vec![resource_logs] }
}

/// Attributes are a set: their order is not kept. Everything else stays in place.
fn ordered(mut value: serde_json::Value) -> serde_json::Value {
    match &mut value {
        serde_json::Value::Object(fields) => {
            fields.values_mut().for_each(|field| *field = ordered(field.take()));
            if let Some(serde_json::Value::Array(attributes)) = fields.get_mut("attributes") {
                attributes.sort_by_key(|attribute| attribute["key"].as_str().unwrap_or_default().to_owned());
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| *item = ordered(item.take())),
        _ => {}
    }
    value
}

/// One line per place where the two are not the same.
fn differences(place: &str, left: &serde_json::Value, right: &serde_json::Value) -> Vec<String> {
    use serde_json::Value::{Array, Null, Object};
    match (left, right) {
        (Object(left), Object(right)) => {
            let keys: std::collections::BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            let of = |key: &String| {
                differences(&format!("{place}.{key}"), left.get(key).unwrap_or(&Null), right.get(key).unwrap_or(&Null))
            };
            keys.into_iter().flat_map(of).collect()
        }
        (Array(left), Array(right)) if left.len() == right.len() => {
            let both = left.iter().zip(right).enumerate();
            both.flat_map(|(at, (left, right))| differences(&format!("{place}[{at}]"), left, right)).collect()
        }
        _ if left == right => Vec::new(),
        _ => vec![format!("{place}: {left} | {right}")],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_of_a_span_comes_back_as_otlp() {
    let coldlight = Coldlight::start().await;
    let mut connection = grpc::Connection::open(coldlight.grpc()).await.unwrap();
    let answer = connection.call(grpc::TRACES, "identity", &spans().encode_to_vec()).await.unwrap();
    assert!(answer.is_ok() && answer.message.is_empty(), "{answer:?}");
    coldlight.until_count("spans", 1, std::time::Duration::from_secs(2)).await;

    let mut resource_attributes = every_type_as_json();
    let service = json!({ "key": "service.name", "value": { "stringValue": "coverage" } });
    resource_attributes.as_array_mut().unwrap().push(service);
    let expected = json!({ "resourceSpans": [{
        "resource": { "attributes": resource_attributes, "droppedAttributesCount": 1, "entityRefs": [{
            "schemaUrl": "https://example.org/entity", "type": "service",
            "idKeys": ["service.name"], "descriptionKeys": ["string"] }] },
        "schemaUrl": "https://example.org/resource",
        "scopeSpans": [{
            "scope": { "name": "scope", "version": "1.2.3", "attributes": every_type_as_json(), "droppedAttributesCount": 2 },
            "schemaUrl": "https://example.org/scope",
            "spans": [{
                "traceId": hex(&TRACE), "spanId": hex(&SPAN), "traceState": "vendor=1,other=2",
                "parentSpanId": hex(b"\x01parent\x02"), "flags": 0x8000_0301_u32, "name": "every field", "kind": 5,
                "startTimeUnixNano": START.to_string(), "endTimeUnixNano": (START + 7).to_string(),
                "attributes": every_type_as_json(), "droppedAttributesCount": 3,
                "events": [{ "timeUnixNano": (START + 3).to_string(), "name": "event",
                    "attributes": every_type_as_json(), "droppedAttributesCount": 4 }],
                "droppedEventsCount": 5,
                "links": [{ "traceId": hex(b"\x01another trace \x02"), "spanId": hex(b"\x01other \x02"),
                    "traceState": "linked=1", "attributes": every_type_as_json(), "droppedAttributesCount": 6, "flags": 0x300 }],
                "droppedLinksCount": 7,
                "status": { "message": "why", "code": 2 },
            }],
        }],
    }]});
    let back = coldlight.get(&format!("/traces/{}/otlp.json", hex(&TRACE))).await.json();
    let differences = differences("", &ordered(back), &ordered(expected));
    assert!(differences.is_empty(), "came back | was sent:\n{}", differences.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_back_can_be_sent_again_and_is_the_same() {
    let (one, two) = (Coldlight::start().await, Coldlight::start().await);
    let mut connection = grpc::Connection::open(one.grpc()).await.unwrap();
    connection.call(grpc::TRACES, "identity", &spans().encode_to_vec()).await.unwrap();
    one.until_count("spans", 1, std::time::Duration::from_secs(2)).await;
    let path = format!("/traces/{}/otlp.json", hex(&TRACE));
    let back = one.get(&path).await;
    let headers = [("content-type", "application/json")];
    let request = coldlight_tests::web::request(
        http::Method::POST,
        "/v1/traces",
        &headers,
        coldlight_tests::web::whole(back.body.clone()),
    );
    let answer = coldlight_tests::web::send(two.otlp_http(), request).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.text()), (200, "{}".to_owned()));
    two.until_count("spans", 1, std::time::Duration::from_secs(2)).await;
    assert_eq!(two.get(&path).await.json(), back.json());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_of_a_log_record_is_in_sql() {
    let coldlight = Coldlight::start().await;
    let mut connection = grpc::Connection::open(coldlight.grpc()).await.unwrap();
    let answer = connection.call(grpc::LOGS, "identity", &logs().encode_to_vec()).await.unwrap();
    assert!(answer.is_ok() && answer.message.is_empty(), "{answer:?}");
    coldlight.until_count("logs", 1, std::time::Duration::from_secs(2)).await;
    let columns = "epoch_ns(time), epoch_ns(observed_at), trace_id, span_id, flags, service, severity_number, severity_text, \
                   body, event_name, scope_name, scope_version, dropped_attributes_count, attributes.bool, attributes.string";
    let table = coldlight.sql(&format!("SELECT {columns} FROM logs")).await;
    let row: Vec<String> = table.rows[0].iter().map(table::text).collect();
    let (start, observed, trace, span) = (START.to_string(), (START + 1).to_string(), hex(&TRACE), hex(&SPAN));
    let expected = [
        &*start,
        &observed,
        &trace,
        &span,
        "1",
        "coverage",
        "17",
        "ERROR",
        "{\"said\":7}",
        "happened",
        "scope",
        "1.2.3",
        "8",
        "true",
        "ä \" \u{1f980}",
    ];
    assert_eq!(row, expected);
}
