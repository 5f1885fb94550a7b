//! Jaeger's JSON, as its page downloads a trace and its API answers: `{"data": [{"traceID", "spans", "processes"}]}`, made OTLP.
//!
//! Tags that OTLP has fields for become those (`span.kind`, `error`, `otel.status_code`, `otel.scope.name`, `w3c.tracestate`), as
//! OpenTelemetry's own translation from Jaeger has it; every other tag stays an attribute. Times are microseconds.
//!
//! Not here: telling Jaeger's files from others, and keeping what was read (the module above).

use std::collections::HashMap;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
struct File {
    data: Vec<Trace>,
}

#[derive(Deserialize)]
struct Trace {
    #[serde(default, deserialize_with = "or_nothing")]
    spans: Vec<Told>,
    #[serde(default, deserialize_with = "or_nothing")]
    processes: HashMap<String, Process>,
}

#[derive(Default, Deserialize)]
struct Process {
    #[serde(rename = "serviceName", default)]
    service_name: String,
    #[serde(default, deserialize_with = "or_nothing")]
    tags: Vec<Tag>,
}

/// A span.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    #[serde(rename = "traceID")]
    trace_id: String,
    #[serde(rename = "spanID")]
    span_id: String,
    /// Written before there were references.
    #[serde(rename = "parentSpanID", default)]
    parent: Option<String>,
    operation_name: String,
    start_time: Micros,
    #[serde(default)]
    duration: Micros,
    #[serde(default, deserialize_with = "or_nothing")]
    references: Vec<Reference>,
    #[serde(default, deserialize_with = "or_nothing")]
    tags: Vec<Tag>,
    #[serde(default, deserialize_with = "or_nothing")]
    logs: Vec<Log>,
    #[serde(rename = "processID", default)]
    process_id: String,
    /// Instead of its id, where a span stands alone.
    process: Option<Process>,
    #[serde(default, deserialize_with = "or_nothing")]
    warnings: Vec<String>,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(rename = "refType", default)]
    kind: String,
    #[serde(rename = "traceID")]
    trace_id: String,
    #[serde(rename = "spanID")]
    span_id: String,
}

#[derive(Deserialize)]
struct Log {
    timestamp: Micros,
    #[serde(default, deserialize_with = "or_nothing")]
    fields: Vec<Tag>,
}

#[derive(Deserialize)]
struct Tag {
    key: String,
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    value: Scalar,
}

/// A tag's value; what is neither text, number nor truth is left out.
#[derive(Default)]
struct Scalar(Option<Any>);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct One;
        impl<'de> Visitor<'de> for One {
            type Value = Scalar;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text, a number, true or false")
            }
            fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar(Some(Any::BoolValue(value))))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
                Ok(Scalar(Some(Any::IntValue(value))))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
                let whole = i64::try_from(value).map(Any::IntValue);
                Ok(Scalar(Some(whole.unwrap_or_else(|_| Any::StringValue(value.to_string())))))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
                Ok(Scalar(Some(Any::DoubleValue(value))))
            }
            fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
                Ok(Scalar(Some(Any::StringValue(value.to_owned()))))
            }
            fn visit_unit<E>(self) -> Result<Scalar, E> {
                Ok(Scalar(None))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Scalar, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar(None))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar(None))
            }
        }
        from.deserialize_any(One)
    }
}

/// Microseconds, as nanoseconds. Some programs write them as floats.
#[derive(Clone, Copy, Default)]
struct Micros(u64);

impl<'de> Deserialize<'de> for Micros {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(from)?;
        let float = || number.as_f64().filter(|float| (0.0..1.8e16).contains(float)).map(|float| float as u64);
        let nanos = number.as_u64().or_else(float).and_then(|micros| micros.checked_mul(1_000));
        nanos.map(Self).ok_or_else(|| serde::de::Error::custom(format!("{number} is no number of microseconds")))
    }
}

/// Lists that are empty are written as null, too.
fn or_nothing<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// The spans of `file` as one request. The error says what in the file cannot be understood, and where.
pub fn to_otlp(file: &[u8]) -> Result<ExportTraceServiceRequest, String> {
    let file: File = serde_json::from_slice(file).map_err(|error| error.to_string())?;
    let mut request = ExportTraceServiceRequest::default();
    for trace in file.data {
        let mut at: HashMap<String, usize> = HashMap::new();
        let mut processes = trace.processes;
        for mut told in trace.spans {
            let place = match told.process.take() {
                Some(process) => {
                    request.resource_spans.push(of(process));
                    request.resource_spans.len() - 1
                }
                None => *at.entry(told.process_id.clone()).or_insert_with(|| {
                    request.resource_spans.push(of(processes.remove(&told.process_id).unwrap_or_default()));
                    request.resource_spans.len() - 1
                }),
            };
            let (scope, span) = span(told)?;
            let scopes = &mut request.resource_spans[place].scope_spans;
            match scopes.iter_mut().find(|known| known.scope.as_ref() == Some(&scope)) {
                Some(known) => known.spans.push(span),
                None => scopes.push(ScopeSpans { scope: Some(scope), spans: vec![span], ..ScopeSpans::default() }),
            }
        }
    }
    Ok(request)
}

fn of(process: Process) -> ResourceSpans {
    let name = if process.service_name.is_empty() { "unknown_service".to_owned() } else { process.service_name };
    let mut attributes = vec![attribute("service.name".to_owned(), Some(Any::StringValue(name)))];
    attributes.extend(process.tags.into_iter().map(|mut tag| {
        if tag.key == "hostname" {
            tag.key = "host.name".to_owned();
        }
        tag.attribute()
    }));
    ResourceSpans { resource: Some(Resource { attributes, ..Resource::default() }), ..ResourceSpans::default() }
}

fn attribute(key: String, value: Option<Any>) -> KeyValue {
    KeyValue { key, value: Some(AnyValue { value }), ..KeyValue::default() }
}

impl Tag {
    /// Numbers may be written as texts: JavaScript's cannot hold all of 64 bits.
    fn attribute(self) -> KeyValue {
        let value = match (self.kind.as_str(), self.value.0) {
            ("int64", Some(Any::StringValue(text))) => {
                Some(text.parse().map(Any::IntValue).unwrap_or(Any::StringValue(text)))
            }
            ("float64", Some(Any::StringValue(text))) => {
                Some(text.parse().map(Any::DoubleValue).unwrap_or(Any::StringValue(text)))
            }
            ("float64", Some(Any::IntValue(whole))) => Some(Any::DoubleValue(whole as f64)),
            ("bool", Some(Any::StringValue(text))) => {
                Some(text.parse().map(Any::BoolValue).unwrap_or(Any::StringValue(text)))
            }
            (_, value) => value,
        };
        attribute(self.key, value)
    }

    fn text(&self) -> &str {
        match &self.value.0 {
            Some(Any::StringValue(text)) => text,
            Some(Any::BoolValue(true)) => "true",
            _ => "",
        }
    }
}

/// `digits` as `N` bytes; ids of 64 bits stand for ones of 128 that begin with zeros.
fn id<const N: usize>(name: &str, digits: &str) -> Result<Vec<u8>, String> {
    let wrong = || {
        let shown = coldlight_ui::text::cut(digits, 80);
        format!("{name} “{shown}” is not {} hexadecimal digits or fewer", 2 * N)
    };
    if digits.is_empty() || digits.len() > 2 * N || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    let number = u128::from_str_radix(digits, 16).map_err(|_| wrong())?;
    Ok(number.to_be_bytes()[16 - N..].to_vec())
}

fn span(told: Told) -> Result<(InstrumentationScope, Span), String> {
    let mut scope = InstrumentationScope::default();
    let trace_id = id::<16>("traceID", &told.trace_id)?;
    let mut span = Span {
        span_id: id::<8>("spanID", &told.span_id)?,
        name: told.operation_name,
        start_time_unix_nano: told.start_time.0,
        end_time_unix_nano: told.start_time.0.saturating_add(told.duration.0),
        ..Span::default()
    };
    let mut status = Status::default();
    for tag in told.tags {
        match (tag.key.as_str(), tag.text()) {
            ("span.kind", "client") => span.kind = SpanKind::Client.into(),
            ("span.kind", "server") => span.kind = SpanKind::Server.into(),
            ("span.kind", "producer") => span.kind = SpanKind::Producer.into(),
            ("span.kind", "consumer") => span.kind = SpanKind::Consumer.into(),
            ("span.kind", "internal") => span.kind = SpanKind::Internal.into(),
            ("error", "true") | ("otel.status_code", "ERROR") => status.code = StatusCode::Error.into(),
            ("otel.status_code", "OK") if status.code == 0 => status.code = StatusCode::Ok.into(),
            ("otel.status_description", words) => status.message = words.to_owned(),
            ("otel.scope.name" | "otel.library.name", name) => scope.name = name.to_owned(),
            ("otel.scope.version" | "otel.library.version", version) => scope.version = version.to_owned(),
            ("w3c.tracestate", state) => span.trace_state = state.to_owned(),
            _ => span.attributes.push(tag.attribute()),
        }
    }
    span.status = (status != Status::default()).then_some(status);
    if !told.warnings.is_empty() {
        let text = |text| AnyValue { value: Some(Any::StringValue(text)) };
        let values = told.warnings.into_iter().map(text).collect();
        span.attributes.push(attribute("jaeger.warnings".to_owned(), Some(Any::ArrayValue(ArrayValue { values }))));
    }
    span.events = told.logs.into_iter().map(event).collect();
    let mut parent = None;
    for reference in told.references {
        let of = id::<16>("the traceID of a reference", &reference.trace_id)?;
        let to = id::<8>("the spanID of a reference", &reference.span_id)?;
        let is_child = reference.kind != "FOLLOWS_FROM";
        if of == trace_id && parent.as_ref().is_none_or(|(was_child, _)| is_child && !was_child) {
            // What only followed from it makes way for the span that waits for this one.
            if let Some((_, before)) = parent.replace((is_child, to)) {
                span.links.push(link(trace_id.clone(), before, false));
            }
        } else {
            span.links.push(link(of, to, is_child));
        }
    }
    span.parent_span_id = match (parent, told.parent.as_deref()) {
        (Some((_, parent)), _) => parent,
        (None, None | Some("" | "0")) => Vec::new(),
        (None, Some(parent)) => id::<8>("parentSpanID", parent)?,
    };
    span.trace_id = trace_id;
    Ok((scope, span))
}

fn link(trace_id: Vec<u8>, span_id: Vec<u8>, is_child: bool) -> Link {
    let kind = if is_child { "child_of" } else { "follows_from" };
    let kind = attribute("opentracing.ref_type".to_owned(), Some(Any::StringValue(kind.to_owned())));
    Link { trace_id, span_id, attributes: vec![kind], ..Link::default() }
}

fn event(log: Log) -> Event {
    let mut event = Event { time_unix_nano: log.timestamp.0, ..Event::default() };
    for tag in log.fields {
        if tag.key == "event" && event.name.is_empty() && !tag.text().is_empty() {
            event.name = tag.text().to_owned();
        } else {
            event.attributes.push(tag.attribute());
        }
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FILE: &str = r#"{"data":[{"traceID":"5b8efff798038103","spans":[
        {"traceID":"5b8efff798038103","spanID":"eee19b7ec3c1b174","operationName":"GET /cart","references":[],
         "startTime":1795442602418000,"duration":200,"processID":"p1","warnings":null,"flags":1,
         "tags":[{"key":"span.kind","type":"string","value":"server"},{"key":"http.status_code","type":"int64","value":"500"},
                 {"key":"error","type":"bool","value":true},{"key":"odd","value":[1,{"a":2}]}],
         "logs":[{"timestamp":1795442602418100,"fields":[{"key":"event","value":"retry"},{"key":"n","type":"int64","value":2}]}]},
        {"traceID":"5b8efff798038103","spanID":"1f","operationName":"SELECT","startTime":1795442602418050.0,"duration":90,
         "processID":"p2","tags":null,"logs":null,"warnings":["clock skew"],
         "references":[{"refType":"FOLLOWS_FROM","traceID":"5b8efff798038103","spanID":"aa"},
                       {"refType":"CHILD_OF","traceID":"5b8efff798038103","spanID":"eee19b7ec3c1b174"},
                       {"refType":"FOLLOWS_FROM","traceID":"77","spanID":"bb"}]}],
        "processes":{"p1":{"serviceName":"shop","tags":[{"key":"hostname","type":"string","value":"h1"}]},
                     "p2":{"serviceName":"orders-db"}}}],"total":0,"errors":null}"#;

    #[test]
    fn a_downloaded_trace_keeps_all_it_says() {
        let request = to_otlp(FILE.as_bytes()).unwrap();
        assert_eq!(request.resource_spans.len(), 2);
        let resource = &request.resource_spans[0];
        let names: Vec<&str> =
            resource.resource.as_ref().unwrap().attributes.iter().map(|one| one.key.as_str()).collect();
        assert_eq!(names, ["service.name", "host.name"]);
        let cart = &resource.scope_spans[0].spans[0];
        assert_eq!((cart.trace_id.len(), &cart.trace_id[8..10]), (16, &[0x5b, 0x8e][..]));
        assert_eq!(cart.end_time_unix_nano - cart.start_time_unix_nano, 200_000);
        assert_eq!((cart.kind, cart.status.as_ref().unwrap().code), (2, 2));
        let code = &cart.attributes[0];
        assert_eq!(
            (code.key.as_str(), &code.value.as_ref().unwrap().value),
            ("http.status_code", &Some(Any::IntValue(500)))
        );
        assert_eq!((cart.events[0].name.as_str(), cart.events[0].attributes.len()), ("retry", 1));
        let select = &request.resource_spans[1].scope_spans[0].spans[0];
        assert_eq!(select.parent_span_id, cart.span_id);
        assert_eq!(select.span_id, [0, 0, 0, 0, 0, 0, 0, 0x1f]);
        let links: Vec<u8> = select.links.iter().map(|link| link.span_id[7]).collect();
        assert_eq!(links, [0xaa, 0xbb], "what does not become the parent stays a link");
        assert_eq!(select.attributes[0].key, "jaeger.warnings");
    }

    #[test]
    fn what_cannot_be_understood_is_named() {
        let error = |from: &str, to: &str| to_otlp(FILE.replacen(from, to, 1).as_bytes()).unwrap_err();
        assert!(error("eee19b7ec3c1b174", "xyz").contains("spanID “xyz” is not 16 hexadecimal digits"));
        assert!(error("1795442602418000", "-5").contains("-5 is no number of microseconds"));
        assert!(error("\"operationName\":\"GET /cart\",", "").contains("operationName"));
        assert!(error("\"5b8efff798038103\",\"spanID\"", "\"\",\"spanID\"").contains("traceID “”"));
        assert!(to_otlp(b"{\"data\":{}}").unwrap_err().contains("line 1"));
    }

    proptest! {
        #[test]
        fn no_file_makes_it_panic(from in 0..FILE.len(), length in 0..40_usize, put in "[-0-9a-z\"{}\\[\\]:,.]{0,12}") {
            let to = (from + length).min(FILE.len());
            let _ = to_otlp(format!("{}{put}{}", &FILE[..from], &FILE[to..]).as_bytes());
        }

        #[test]
        fn ids_of_any_length_keep_their_value(number in any::<u64>()) {
            let bytes = id::<8>("spanID", &format!("{number:x}")).unwrap();
            prop_assert_eq!(u64::from_be_bytes(bytes.try_into().unwrap()), number);
        }
    }
}
