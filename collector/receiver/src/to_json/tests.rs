//! What is given back is what was kept.

use super::to_otlp_json;
use crate::convert::{Tally, spans};
use crate::json;
use coldlight_model::{
    Attributes, Event, Kind, Link, Oddities, Resource, Scope, Span, SpanDetail, SpanId, StatusCode, Timestamp, TraceId,
    Value,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// What a receiver makes of the JSON, as details again.
fn read_back(json: &str) -> (Vec<SpanDetail>, Tally) {
    let decoded = json::traces(json.as_bytes(), usize::MAX).unwrap();
    assert!(!decoded.mended);
    let (batch, tally) = spans(decoded.request, decoded.mended);
    let details = batch.spans.into_iter().map(|mut span| {
        let resource = batch.resources[span.resource as usize].clone();
        let scope = batch.scopes[span.scope as usize].clone();
        (span.resource, span.scope) = (0, 0);
        SpanDetail {
            span,
            resource,
            scope,
            received_at: Timestamp::EPOCH,
            linked_from: vec![],
            links_to: vec![],
            logs: vec![],
        }
    });
    (details.collect(), tally)
}

/// Text that no rule of redaction touches: the receiver would replace secrets, which is not what is tested here.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-y\"\\\\/\n\u{1}é😀 ]{0,12}", "[\\x00-\\x1f\\x7f\u{2028}x]{0,4}"]
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        prop_oneof![any::<f64>(), Just(f64::INFINITY), Just(-0.0), Just(1e300), Just(5e-324)]
            .prop_filter("NaN is not equal to itself", |double| !double.is_nan())
            .prop_map(Value::Double),
        text().prop_map(Value::Text),
        vec(any::<u8>(), 0..9).prop_map(Value::Bytes),
    ]
}

fn key() -> impl Strategy<Value = String> {
    "[a-j.\"é]{0,6}"
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(5, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            vec((key(), inner), 0..4).prop_map(|pairs| Value::Map(Attributes::from_iter(pairs))),
        ]
    })
}

fn attributes() -> impl Strategy<Value = Attributes> {
    vec((key(), value()), 0..5).prop_map(Attributes::from_iter)
}

fn resource() -> impl Strategy<Value = Resource> {
    (attributes(), any::<u32>(), text()).prop_map(|(attributes, dropped_attributes_count, schema_url)| Resource {
        attributes,
        dropped_attributes_count,
        schema_url,
    })
}

fn scope() -> impl Strategy<Value = Scope> {
    (text(), text(), attributes(), any::<u32>(), text()).prop_map(
        |(name, version, attributes, dropped_attributes_count, schema_url)| Scope {
            name,
            version,
            attributes,
            dropped_attributes_count,
            schema_url,
        },
    )
}

fn ids() -> impl Strategy<Value = (TraceId, SpanId)> {
    (any::<[u8; 16]>(), any::<[u8; 8]>())
        .prop_filter_map("zero is no id", |(trace, span)| TraceId::new(trace).zip(SpanId::new(span)))
}

fn at() -> impl Strategy<Value = Timestamp> {
    (1..i64::MAX as u64).prop_map(Timestamp::from_nanos)
}

fn event() -> impl Strategy<Value = Event> {
    (at(), text(), attributes(), any::<u32>()).prop_map(|(at, name, attributes, dropped_attributes_count)| Event {
        at,
        name,
        attributes,
        dropped_attributes_count,
    })
}

fn link() -> impl Strategy<Value = Link> {
    (ids(), text(), attributes(), any::<(u32, u32)>()).prop_map(|((trace_id, span_id), trace_state, attributes, n)| {
        Link { trace_id, span_id, trace_state, attributes, dropped_attributes_count: n.0, flags: n.1 }
    })
}

fn span() -> impl Strategy<Value = Span> {
    let head = (ids(), any::<[u8; 8]>(), text(), any::<u32>(), text(), any::<i32>());
    let body = (at(), at(), attributes(), vec(event(), 0..3), vec(link(), 0..3));
    let tail = (any::<[u32; 3]>(), any::<i32>(), text());
    (head, body, tail).prop_map(|(head, body, tail)| {
        let ((trace_id, span_id), parent, trace_state, flags, name, kind) = head;
        let (one, other, attributes, events, links) = body;
        let (dropped, status_code, status_message) = tail;
        Span {
            trace_id,
            span_id,
            parent_span_id: SpanId::new(parent),
            trace_state,
            flags,
            name,
            kind: Kind(kind),
            started_at: one.min(other),
            ended_at: one.max(other),
            attributes,
            dropped_attributes_count: dropped[0],
            events,
            dropped_events_count: dropped[1],
            links,
            dropped_links_count: dropped[2],
            status_code: StatusCode(status_code),
            status_message,
            oddities: Oddities::default(),
            resource: 0,
            scope: 0,
        }
    })
}

fn detail(span: Span, resource: Resource, scope: Scope) -> SpanDetail {
    SpanDetail {
        span,
        resource,
        scope,
        received_at: Timestamp::EPOCH,
        linked_from: vec![],
        links_to: vec![],
        logs: vec![],
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn what_is_given_back_reads_as_what_was_kept(span in span(), resource in resource(), scope in scope()) {
        let kept = vec![detail(span, resource, scope)];
        let (read, tally) = read_back(&to_otlp_json(&kept));
        prop_assert_eq!(tally, Tally { received: 1, ..Tally::default() });
        prop_assert_eq!(read, kept);
    }

    #[test]
    fn it_is_json_that_others_read_too(span in span(), resource in resource(), scope in scope()) {
        let json = to_otlp_json(&[detail(span, resource, scope)]);
        prop_assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok(), "{}", json);
    }
}

fn plain(number: u8, service: &str, scope: &str) -> SpanDetail {
    let json = format!(
        r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"{service}"}}}}]}},
        "scopeSpans":[{{"scope":{{"name":"{scope}"}},"spans":[{{"traceId":"5b8efff798038103d269b633813fc60c",
        "spanId":"00000000000000{number:02x}","startTimeUnixNano":"1","endTimeUnixNano":"2"}}]}}]}}]}}"#
    );
    read_back(&json).0.remove(0)
}

#[test]
fn spans_stand_by_resource_and_scope_in_order_of_their_first() {
    let spans = [plain(1, "b", "x"), plain(2, "a", "x"), plain(3, "b", "y"), plain(4, "b", "x")];
    let json: serde_json::Value = serde_json::from_str(&to_otlp_json(&spans)).unwrap();
    let ids: Vec<Vec<Vec<&str>>> = (json["resourceSpans"].as_array().unwrap().iter())
        .map(|resource| {
            (resource["scopeSpans"].as_array().unwrap().iter())
                .map(|scope| {
                    scope["spans"].as_array().unwrap().iter().map(|s| &s["spanId"].as_str().unwrap()[14..]).collect()
                })
                .collect()
        })
        .collect();
    assert_eq!(ids, [vec![vec!["01", "04"], vec!["03"]], vec![vec!["02"]]]);
    assert_eq!(to_otlp_json(&[]), r#"{"resourceSpans":[]}"#);
}

#[test]
fn entity_references_go_back_where_they_came_from() {
    let json = r#"{"resourceSpans":[{"resource":{"entityRefs":[{"type":"service","idKeys":["service.name"],"descriptionKeys":[]}]},"scopeSpans":[{"scope":{},"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","kind":0,"startTimeUnixNano":"1","endTimeUnixNano":"2","status":{}}]}]}]}"#;
    assert_eq!(to_otlp_json(&read_back(json).0), json);
}

#[test]
fn not_a_number_and_infinity_are_text() {
    let mut span = plain(1, "a", "x");
    span.span.attributes =
        Attributes::from_iter([("n", Value::Double(f64::NAN)), ("i", Value::Double(f64::NEG_INFINITY))]);
    let json = to_otlp_json(&[span]);
    assert!(json.contains(r#"{"doubleValue":"NaN"}"#) && json.contains(r#"{"doubleValue":"-Infinity"}"#), "{json}");
}
