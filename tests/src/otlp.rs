//! Small OTLP requests, built where a story needs its own spans.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};

pub const SERVER: i32 = 2;
pub const CLIENT: i32 = 3;
pub const PRODUCER: i32 = 4;
pub const CONSUMER: i32 = 5;
pub const ERROR: i32 = 2;

pub fn text(key: &str, value: impl Into<String>) -> KeyValue {
    attribute(key, Value::StringValue(value.into()))
}

pub fn int(key: &str, value: i64) -> KeyValue {
    attribute(key, Value::IntValue(value))
}

pub fn flag(key: &str, value: bool) -> KeyValue {
    attribute(key, Value::BoolValue(value))
}

pub fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

/// A span of `length_ns` from `start`, nothing else said.
pub fn span(name: &str, trace_id: [u8; 16], span_id: [u8; 8], start: u64, length_ns: u64) -> Span {
    Span {
        trace_id: trace_id.to_vec(),
        span_id: span_id.to_vec(),
        name: name.to_owned(),
        kind: SERVER,
        start_time_unix_nano: start,
        end_time_unix_nano: start + length_ns,
        ..Span::default()
    }
}

pub fn failed(message: &str) -> Option<Status> {
    Some(Status { code: ERROR, message: message.to_owned() })
}

/// A resource that says its service and what else is given.
pub fn resource(service: &str, more: Vec<KeyValue>) -> Resource {
    let mut attributes = vec![text("service.name", service)];
    attributes.extend(more);
    Resource { attributes, ..Resource::default() }
}

/// Spans of one resource, as an SDK exports them.
pub fn resource_spans(resource: Resource, spans: Vec<Span>) -> ResourceSpans {
    let scope = InstrumentationScope { name: "coldlight-tests".to_owned(), ..InstrumentationScope::default() };
    let scope_spans = vec![ScopeSpans { scope: Some(scope), spans, schema_url: String::new() }];
    ResourceSpans { resource: Some(resource), scope_spans, schema_url: String::new() }
}

/// One request of one service.
pub fn request(service: &str, spans: Vec<Span>) -> ExportTraceServiceRequest {
    trace_request(vec![resource_spans(resource(service, Vec::new()), spans)])
}

/// One request of several resources.
pub fn trace_request(resource_spans: Vec<ResourceSpans>) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest { resource_spans }
}
