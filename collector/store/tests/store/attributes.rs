//! Whatever attributes come, the same come back.

use coldlight_model::{Attributes, Event, Kind, Link, LogRecord, Value};
use proptest::prelude::*;

use crate::made::{self, batch, span, span_id, trace_id};

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<f64>().prop_map(Value::Double),
        prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(-0.0), Just(1e16), Just(5e-324)]
            .prop_map(Value::Double),
        ".{0,40}".prop_map(Value::Text),
        prop_oneof![
            Just("true"),
            Just("null"),
            Just("1"),
            Just("1.0"),
            Just("[1]"),
            Just("{\"a\":1}"),
            Just(""),
            Just("NaN"),
            Just("\u{0}\u{1}\u{7f}\u{2028}")
        ]
        .prop_map(Value::from),
        proptest::collection::vec(any::<u8>(), 0..20).prop_map(Value::Bytes),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            proptest::collection::vec((".{0,8}", inner), 0..5)
                .prop_map(|pairs| Value::Map(pairs.into_iter().collect())),
        ]
    })
}

fn attributes() -> impl Strategy<Value = Attributes> {
    let key = prop_oneof![
        ".{0,12}",
        Just("mixed".to_owned()),
        Just(String::new()),
        Just("a.b".to_owned()),
        Just("b".to_owned()),
        Just("m".to_owned()),
        Just("exact".to_owned()),
        Just("quote\"back\\slash".to_owned()),
    ];
    proptest::collection::vec((key, value()), 0..8).prop_map(|pairs| pairs.into_iter().collect())
}

/// Equal but for the order of keys; NaN equals NaN, and -0.0 is not 0.0.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Double(one), Value::Double(other)) => {
            one.to_bits() == other.to_bits() || (one.is_nan() && other.is_nan())
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| same(a, b))
        }
        (Value::Map(one), Value::Map(other)) => same_attributes(one, other),
        (one, other) => one == other,
    }
}

fn same_attributes(one: &Attributes, other: &Attributes) -> bool {
    one.len() == other.len() && one.iter().all(|(key, value)| other.get(key).is_some_and(|found| same(value, found)))
}

/// Many sets at a time: a store's commit costs a sync, and mixed types for one key meet in one block.
#[test]
fn attributes_come_back_as_they_were_sent() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let kept = made::store();
    let config = ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(sets in proptest::collection::vec(attributes(), 40))| {
        let trace = trace_id();
        let mut spans: Vec<_> = sets.iter().map(|_| span(trace, None, Kind::INTERNAL, "s", &[])).collect();
        for (span, set) in spans.iter_mut().zip(&sets) {
            span.attributes = set.clone();
            span.events.push(Event { at: span.started_at, name: "e".into(), attributes: set.clone(), dropped_attributes_count: 3 });
            span.links.push(Link {
                trace_id: trace_id(), span_id: span_id(), trace_state: "a=b".into(), attributes: set.clone(),
                dropped_attributes_count: 2, flags: 1,
            });
        }
        let mut sent = batch("attributes", spans.clone());
        sent.resources[0].attributes = sets[0].clone();
        sent.scopes[0].attributes = sets[1].clone();
        sent.logs.push(LogRecord {
            at: Some(made::now()), observed_at: None, trace_id: Some(trace), span_id: None, flags: 0, severity_number: 9,
            severity_text: "INFO".into(), body: Value::Map(sets[2].clone()), attributes: sets[3].clone(),
            dropped_attributes_count: 0, event_name: String::new(), resource: 0, scope: 0,
        });
        let (details, logs) = runtime.block_on(async {
            kept.keep(sent).await;
            (kept.store.trace_details(trace).await.unwrap(), kept.store.logs_of_trace(trace).await.unwrap())
        });
        prop_assert_eq!(details.len(), spans.len());
        for sent in &spans {
            let found = details.iter().find(|detail| detail.span.span_id == sent.span_id).unwrap();
            prop_assert!(same_attributes(&sent.attributes, &found.span.attributes), "sent {:?}\nfound {:?}", sent.attributes, found.span.attributes);
            prop_assert!(same_attributes(&sent.events[0].attributes, &found.span.events[0].attributes));
            prop_assert_eq!(sent.events[0].at, found.span.events[0].at);
            prop_assert!(same_attributes(&sent.links[0].attributes, &found.span.links[0].attributes));
            prop_assert_eq!(sent.links[0].span_id, found.span.links[0].span_id);
            prop_assert!(same_attributes(&sets[0], &found.resource.attributes));
            prop_assert!(same_attributes(&sets[1], &found.scope.attributes));
        }
        prop_assert!(same(&Value::Map(sets[2].clone()), &logs[0].record.body), "sent {:?}\nfound {:?}", sets[2], logs[0].record.body);
        prop_assert!(same_attributes(&sets[3], &logs[0].record.attributes));
    });
}
