use coldlight_model::{
    Attributes, Batch, Event, Kind, Link, LogRecord, MetricPoint, Oddities, Resource, Scope, Span, SpanId, StatusCode,
    Timestamp, TraceId, Value,
};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{DEEPEST, RecordError, VERSION, decode, encode};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-z.]{0,12}", 2 => ".{0,8}", 1 => "[a-z]{120,140}"]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (0i64..1000).prop_map(Value::Int),
        prop::num::f64::ANY.prop_map(Value::Double),
        text().prop_map(Value::Text),
        vec(any::<u8>(), 0..20).prop_map(Value::Bytes),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            vec((text(), inner), 0..4).prop_map(|pairs| Value::Map(pairs.into_iter().collect())),
        ]
    })
}

fn attributes() -> impl Strategy<Value = Attributes> {
    vec((text(), value()), 0..6).prop_map(|pairs| pairs.into_iter().collect())
}

fn time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        any::<u64>().prop_map(Timestamp::from_nanos),
        (0u64..1_000_000).prop_map(|nanos| Timestamp::from_millis(1_790_000_000_000).plus(nanos)),
        Just(Timestamp::EPOCH),
        Just(Timestamp::MAX),
    ]
}

fn trace_id() -> impl Strategy<Value = TraceId> {
    prop_oneof![any::<[u8; 16]>(), Just([7; 16])].prop_filter_map("zero", TraceId::new)
}

fn span_id() -> impl Strategy<Value = SpanId> {
    any::<[u8; 8]>().prop_filter_map("zero", SpanId::new)
}

/// Mostly 0, as dropped counts are.
fn count() -> impl Strategy<Value = u32> {
    prop_oneof![3 => Just(0), 1 => any::<u32>()]
}

fn event() -> impl Strategy<Value = Event> {
    (time(), text(), attributes(), count()).prop_map(|(at, name, attributes, dropped_attributes_count)| Event {
        at,
        name,
        attributes,
        dropped_attributes_count,
    })
}

fn link() -> impl Strategy<Value = Link> {
    (trace_id(), span_id(), text(), attributes(), count(), count()).prop_map(
        |(trace_id, span_id, trace_state, attributes, dropped_attributes_count, flags)| Link {
            trace_id,
            span_id,
            trace_state,
            attributes,
            dropped_attributes_count,
            flags,
        },
    )
}

fn span() -> impl Strategy<Value = Span> {
    let ids = (trace_id(), span_id(), prop::option::of(span_id()));
    let words = (text(), text(), text());
    let numbers = (count(), any::<i32>(), prop_oneof![Just(0), any::<i32>()], count(), count(), count());
    let places = (any::<u32>(), any::<u32>(), prop_oneof![Just(0), any::<u16>()]);
    (ids, words, numbers, places, (time(), time()), attributes(), vec(event(), 0..3), vec(link(), 0..3)).prop_map(
        |(ids, words, numbers, places, times, attributes, events, links)| Span {
            trace_id: ids.0,
            span_id: ids.1,
            parent_span_id: ids.2,
            trace_state: words.0,
            flags: numbers.0,
            name: words.1,
            kind: Kind(numbers.1),
            started_at: times.0,
            ended_at: times.1,
            attributes,
            dropped_attributes_count: numbers.3,
            events,
            dropped_events_count: numbers.4,
            links,
            dropped_links_count: numbers.5,
            status_code: StatusCode(numbers.2),
            status_message: words.2,
            oddities: Oddities(places.2),
            resource: places.0,
            scope: places.1,
        },
    )
}

fn log() -> impl Strategy<Value = LogRecord> {
    let when = (prop::option::of(time()), prop::option::of(time()));
    let ids = (prop::option::of(trace_id()), prop::option::of(span_id()));
    let numbers = (any::<u32>(), any::<i32>(), count(), any::<u32>(), any::<u32>());
    (when, ids, numbers, text(), value(), attributes(), text()).prop_map(
        |(when, ids, numbers, severity_text, body, attributes, event_name)| LogRecord {
            at: when.0,
            observed_at: when.1,
            trace_id: ids.0,
            span_id: ids.1,
            flags: numbers.0,
            severity_number: numbers.1,
            severity_text,
            body,
            attributes,
            dropped_attributes_count: numbers.2,
            event_name,
            resource: numbers.3,
            scope: numbers.4,
        },
    )
}

fn metric() -> impl Strategy<Value = MetricPoint> {
    (text(), text(), time(), prop::num::f64::ANY, prop::option::of(any::<u64>()), attributes(), any::<u32>()).prop_map(
        |(name, unit, at, value, count, attributes, resource)| MetricPoint {
            name,
            unit,
            at,
            value,
            count,
            attributes,
            resource,
        },
    )
}

fn resource() -> impl Strategy<Value = Resource> {
    (attributes(), count(), text()).prop_map(|(attributes, dropped_attributes_count, schema_url)| Resource {
        attributes,
        dropped_attributes_count,
        schema_url,
    })
}

fn scope() -> impl Strategy<Value = Scope> {
    (text(), text(), attributes(), count(), text()).prop_map(
        |(name, version, attributes, dropped_attributes_count, schema_url)| Scope {
            name,
            version,
            attributes,
            dropped_attributes_count,
            schema_url,
        },
    )
}

fn batch() -> impl Strategy<Value = Batch> {
    let lists = (vec(span(), 0..6), vec(log(), 0..3), vec(metric(), 0..3));
    (time(), vec(resource(), 0..3), vec(scope(), 0..3), lists).prop_map(
        |(received_at, resources, scopes, (spans, logs, metrics))| Batch {
            received_at,
            resources,
            scopes,
            spans,
            logs,
            metrics,
        },
    )
}

fn encoded(batch: &Batch) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(batch, &mut bytes);
    bytes
}

/// Debug text, for a NaN is not equal to itself.
fn shown(batch: &Batch) -> String {
    format!("{batch:?}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_batch_comes_back_as_it_was(batch in batch()) {
        let bytes = encoded(&batch);
        let back = decode(&bytes).unwrap();
        prop_assert_eq!(shown(&back), shown(&batch));
        prop_assert_eq!(encoded(&back), bytes);
    }

    #[test]
    fn a_batch_cut_short_or_made_longer_is_refused(batch in batch(), cut in any::<prop::sample::Index>()) {
        let mut bytes = encoded(&batch);
        prop_assert!(decode(&bytes[..cut.index(bytes.len())]).is_err());
        bytes.push(0);
        prop_assert!(decode(&bytes).is_err());
    }

    #[test]
    fn mutated_records_never_panic(
        batch in batch(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = encoded(&batch);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = decode(&bytes);
    }

    #[test]
    fn arbitrary_bytes_never_panic(mut bytes in vec(any::<u8>(), 0..400)) {
        let _ = decode(&bytes);
        if let Some(first) = bytes.first_mut() {
            *first = VERSION;
        }
        let _ = decode(&bytes);
    }
}

/// A batch whose one resource has one attribute with a value nested `levels` deep.
fn nested(levels: usize) -> Batch {
    let value = (0..levels).fold(Value::Int(1), |inner, level| match level % 2 {
        0 => Value::Array(vec![inner]),
        _ => Value::Map(Attributes::from_iter([("k", inner)])),
    });
    let resource = Resource { attributes: Attributes::from_iter([("deep", value)]), ..Resource::default() };
    Batch { resources: vec![resource], ..Batch::default() }
}

#[test]
fn nesting_is_kept_to_the_bound_and_marked_beyond_it() {
    let bound = nested(DEEPEST);
    assert_eq!(decode(&encoded(&bound)), Ok(bound));
    let beyond = decode(&encoded(&nested(DEEPEST + 1))).unwrap();
    assert!(beyond.resources[0].attributes.get("deep").unwrap().to_json().contains(Value::TOO_DEEP));
}

#[test]
fn bytes_that_nest_without_end_are_refused_on_a_small_stack() {
    let mut bytes = encoded(&nested(1));
    let at = bytes.iter().position(|byte| *byte == super::tag::ARRAY).unwrap();
    bytes.splice(at..at + 2, [super::tag::ARRAY, 1].repeat(100_000));
    let small = std::thread::Builder::new().stack_size(128 << 10);
    let refused = small.spawn(move || decode(&bytes)).unwrap().join().unwrap();
    assert!(matches!(refused, Err(RecordError::Malformed { what: "nesting", .. })), "{refused:?}");
}

#[test]
fn a_later_version_says_so() {
    assert_eq!(decode(&[VERSION + 1, 1, 2, 3]), Err(RecordError::Newer { version: VERSION + 1 }));
}

#[test]
fn a_claimed_count_allocates_nothing() {
    // Four billion resources in six bytes.
    let bytes = [VERSION, 0, 0xff, 0xff, 0xff, 0xff, 0x0f];
    assert!(matches!(decode(&bytes), Err(RecordError::Malformed { what: "count", .. })));
}

/// Written by version 1 and kept: whatever the code becomes, these bytes stay this batch.
#[test]
fn a_record_of_version_1_is_read_forever() {
    let batch = Batch {
        received_at: Timestamp::from_nanos(900),
        resources: vec![Resource {
            attributes: Attributes::from_iter([
                ("service.name", Value::from("api")),
                ("faas.max_memory", Value::Int(512)),
            ]),
            dropped_attributes_count: 0,
            schema_url: String::new(),
        }],
        scopes: vec![Scope { name: "lib".into(), version: "1".into(), ..Scope::default() }],
        spans: vec![Span {
            trace_id: TraceId::new([1; 16]).unwrap(),
            span_id: SpanId::new([2; 8]).unwrap(),
            parent_span_id: SpanId::new([3; 8]),
            trace_state: String::new(),
            flags: 257,
            name: "GET /".into(),
            kind: Kind::SERVER,
            started_at: Timestamp::from_nanos(1000),
            ended_at: Timestamp::from_nanos(1500),
            attributes: Attributes::from_iter([("service.name", Value::Array(vec![Value::Null, Value::Bool(true)]))]),
            dropped_attributes_count: 0,
            events: vec![],
            dropped_events_count: 0,
            links: vec![],
            dropped_links_count: 0,
            status_code: StatusCode::ERROR,
            status_message: "no".into(),
            oddities: Oddities::REDACTED,
            resource: 0,
            scope: 0,
        }],
        logs: vec![],
        metrics: vec![],
    };
    let mut bytes = vec![1, 0x88, 0x0e, 1, 2, 0, 12];
    bytes.extend(b"service.name\x83api\0\x0ffaas.max_memory\x03\x80\x08\0\0");
    bytes.extend(b"\x01\x03lib\x011\0\0\0");
    bytes.extend([1, 0b110_0010]);
    bytes.extend([[1; 8], [1; 8], [2; 8], [3; 8]].concat());
    bytes.extend(b"\x81\x02\0\x05GET /\x04\xc8\x01\xe8\x07\x01\x01\x07\x02\0\x02\x04\x02no\0\0\0\x80\x02\0\0");
    bytes.extend([0, 0]);
    assert_eq!(encoded(&batch), bytes);
    assert_eq!(decode(&bytes), Ok(batch));
}
