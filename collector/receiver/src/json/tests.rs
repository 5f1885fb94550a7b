//! Whole requests, written as the documentation writes them and as senders do.

use coldlight_model::{MAX_DEPTH, Timestamp};
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList, any_value::Value};
use opentelemetry_proto::tonic::metrics::v1::{metric::Data, number_data_point};

use super::reader::{JsonError, Problem};
use super::{logs, measure, metrics, traces};
use crate::signal::Signal;

const PLENTY: usize = 1 << 20;

/// A span with every key there is.
const SPAN: &str = r#"{
  "traceId": "5B8EFFF798038103D269B633813FC60C",
  "spanId": "EEE19B7EC3C1B174",
  "traceState": "vendor=1",
  "parentSpanId": "eee19b7ec3c1b173",
  "flags": 257,
  "name": "I'm a server span",
  "kind": 2,
  "startTimeUnixNano": "1544712660000000000",
  "endTimeUnixNano": "1544712661000000000",
  "attributes": [
    {"key": "text", "value": {"stringValue": "some value"}},
    {"key": "bool", "value": {"boolValue": true}},
    {"key": "int", "value": {"intValue": "-9007199254740993"}},
    {"key": "int as number", "value": {"intValue": 42}},
    {"key": "double", "value": {"doubleValue": 637.704}},
    {"key": "bytes", "value": {"bytesValue": "AQI="}},
    {"key": "array", "value": {"arrayValue": {"values": [{"stringValue": "many"}, {}, {"intValue": 1}]}}},
    {"key": "map", "value": {"kvlistValue": {"values": [{"key": "k", "value": {"stringValue": "v"}}]}}},
    {"key": "empty", "value": {}},
    {"key": "nothing"}
  ],
  "droppedAttributesCount": 1,
  "events": [
    {"timeUnixNano": "1544712660500000000", "name": "e", "droppedAttributesCount": 2, "attributes": [
      {"key": "k", "value": {"stringValue": "v"}}
    ]}
  ],
  "droppedEventsCount": 3,
  "links": [
    {"traceId": "5b8efff798038103d269b633813fc60d", "spanId": "eee19b7ec3c1b175", "traceState": "s", "flags": 1,
     "droppedAttributesCount": 4, "attributes": []}
  ],
  "droppedLinksCount": 5,
  "status": {"message": "m", "code": 2},
  "somethingNew": {"deep": [1, 2, {"x": null}]}
}"#;

fn request(span: &str) -> String {
    format!(
        r#"{{"resourceSpans": [{{
            "resource": {{"attributes": [{{"key": "service.name", "value": {{"stringValue": "my.service"}}}}],
                          "droppedAttributesCount": 6}},
            "schemaUrl": "https://resource",
            "scopeSpans": [{{
                "scope": {{"name": "my.library", "version": "1.0.0", "attributes": [], "droppedAttributesCount": 7}},
                "schemaUrl": "https://scope",
                "spans": [{span}]
            }}]
        }}]}}"#
    )
}

#[test]
fn every_key_of_a_span_is_read() {
    let decoded = traces(request(SPAN).as_bytes(), PLENTY).unwrap();
    assert!(!decoded.mended);
    let resource = &decoded.request.resource_spans[0];
    assert_eq!(resource.schema_url, "https://resource");
    assert_eq!(resource.resource.as_ref().unwrap().dropped_attributes_count, 6);
    let scope = &resource.scope_spans[0];
    assert_eq!((scope.schema_url.as_str(), scope.scope.as_ref().unwrap().version.as_str()), ("https://scope", "1.0.0"));
    assert_eq!(scope.scope.as_ref().unwrap().dropped_attributes_count, 7);

    let span = &scope.spans[0];
    assert_eq!((span.trace_id[0], span.span_id[7], span.parent_span_id[7]), (0x5b, 0x74, 0x73));
    assert_eq!(
        (span.trace_state.as_str(), span.flags, span.name.as_str(), span.kind),
        ("vendor=1", 257, "I'm a server span", 2)
    );
    assert_eq!(span.start_time_unix_nano, 1_544_712_660_000_000_000);
    assert_eq!(span.end_time_unix_nano, 1_544_712_661_000_000_000);
    assert_eq!((span.dropped_attributes_count, span.dropped_events_count, span.dropped_links_count), (1, 3, 5));
    let status = span.status.as_ref().unwrap();
    assert_eq!((status.message.as_str(), status.code), ("m", 2));
    let event = &span.events[0];
    assert_eq!(
        (event.time_unix_nano, event.name.as_str(), event.attributes.len()),
        (1_544_712_660_500_000_000, "e", 1)
    );
    assert_eq!(event.dropped_attributes_count, 2);
    let link = &span.links[0];
    assert_eq!((link.trace_id[15], link.span_id[7], link.trace_state.as_str(), link.flags), (0x0d, 0x75, "s", 1));
    assert_eq!(link.dropped_attributes_count, 4);

    let any = |value| AnyValue { value: Some(value) };
    let text = |text: &str| any(Value::StringValue(text.into()));
    let map = KeyValueList { values: vec![KeyValue { key: "k".into(), value: Some(text("v")), key_strindex: 0 }] };
    let array = ArrayValue { values: vec![text("many"), AnyValue::default(), any(Value::IntValue(1))] };
    let expected = [
        Some(text("some value")),
        Some(any(Value::BoolValue(true))),
        Some(any(Value::IntValue(-9_007_199_254_740_993))),
        Some(any(Value::IntValue(42))),
        Some(any(Value::DoubleValue(637.704))),
        Some(any(Value::BytesValue(vec![1, 2]))),
        Some(any(Value::ArrayValue(array))),
        Some(any(Value::KvlistValue(map))),
        Some(AnyValue::default()),
        None,
    ];
    let values: Vec<_> = span.attributes.iter().map(|pair| pair.value.clone()).collect();
    assert_eq!(values, expected);
}

#[test]
fn nulls_and_missing_keys_are_nothing() {
    for span in [
        "{}",
        r#"{"traceId":null,"name":null,"kind":null,"startTimeUnixNano":null,"attributes":null,"events":null,"status":null}"#,
    ] {
        let decoded = traces(request(span).as_bytes(), PLENTY).unwrap();
        let span = &decoded.request.resource_spans[0].scope_spans[0].spans[0];
        assert_eq!((span.name.as_str(), span.kind, span.attributes.len(), span.trace_id.len()), ("", 0, 0, 0));
    }
    let nothing = traces(br#"{"resourceSpans":[{"resource":null,"scopeSpans":null}]}"#, PLENTY).unwrap();
    assert_eq!(nothing.request.resource_spans.len(), 1);
}

#[test]
fn of_a_key_that_comes_twice_the_last_counts() {
    let decoded = traces(request(r#"{"name":"a","name":"b","attributes":[{}],"attributes":[]}"#).as_bytes(), PLENTY);
    let span = &decoded.unwrap().request.resource_spans[0].scope_spans[0].spans[0];
    assert_eq!((span.name.as_str(), span.attributes.len()), ("b", 0));
}

#[test]
fn a_byte_order_mark_and_white_space_are_skipped() {
    let json = format!("\u{feff} \r\n\t{} \n", request(SPAN));
    assert!(traces(json.as_bytes(), PLENTY).is_ok());
}

#[test]
fn errors_say_where_and_what() {
    let error = |json: &str| traces(json.as_bytes(), PLENTY).unwrap_err();
    assert_eq!(error("[]"), JsonError { at: 0, problem: Problem::Expected("an object") });
    assert_eq!(error(r#"{"resourceSpans":7}"#), JsonError { at: 17, problem: Problem::Expected("an array") });
    assert_eq!(error(r#"{"resourceSpans":[]} {}"#), JsonError { at: 21, problem: Problem::Expected("the end") });
    let name = request(r#"{"name":{}}"#);
    assert_eq!(error(&name).problem, Problem::Expected("text or a number"));
}

#[test]
fn elements_are_charged_before_they_are_made() {
    let many = request(&vec!["{}"; 10_000].join(","));
    assert_eq!(traces(many.as_bytes(), PLENTY).unwrap_err().problem, Problem::OverBudget);
    let decoded = traces(many.as_bytes(), usize::MAX).unwrap();
    assert!(decoded.decoded_bytes > 10_000 * 264);
    for json in [many, request(SPAN)] {
        let decoded = traces(json.as_bytes(), usize::MAX).unwrap();
        assert_eq!(measure(Signal::Traces, json.as_bytes(), usize::MAX), Ok(decoded.decoded_bytes));
    }
}

#[test]
fn values_nest_up_to_the_limit_and_lose_what_is_beyond() {
    fn depth(value: &AnyValue) -> usize {
        match &value.value {
            Some(Value::ArrayValue(array)) => 1 + array.values.iter().map(depth).max().unwrap_or(0),
            Some(Value::KvlistValue(map)) => {
                1 + map.values.iter().filter_map(|pair| pair.value.as_ref()).map(depth).max().unwrap_or(0)
            }
            _ => 0,
        }
    }
    for (open, close) in
        [(r#"{"arrayValue":{"values":["#, "]}}"), (r#"{"kvlistValue":{"values":[{"key":"k","value":"#, "}]}}")]
    {
        for levels in [1, MAX_DEPTH, MAX_DEPTH + 1, 10_000] {
            let value = format!("{}{{\"boolValue\":true}}{}", open.repeat(levels), close.repeat(levels));
            let span = format!(r#"{{"attributes":[{{"key":"k","value":{value}}}]}}"#);
            let decoded = traces(request(&span).as_bytes(), PLENTY).unwrap();
            let pair = &decoded.request.resource_spans[0].scope_spans[0].spans[0].attributes[0];
            // One level beyond is left, empty, for the conversion to see.
            assert_eq!(depth(pair.value.as_ref().unwrap()), levels.min(MAX_DEPTH + 1));
        }
    }
}

#[test]
fn a_log_record_is_read_with_a_body_of_any_kind() {
    let json = r#"{"resourceLogs":[{"scopeLogs":[{"scope":{"name":"s"},"logRecords":[
        {"timeUnixNano":"1544712660300000000","observedTimeUnixNano":1544712660300000001,"severityNumber":"SEVERITY_NUMBER_WARN",
         "severityText":"WARN","traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"EEE19B7EC3C1B174","flags":1,
         "eventName":"browser.page_view","droppedAttributesCount":2,
         "body":{"kvlistValue":{"values":[{"key":"type","value":{"intValue":"0"}},{"key":"none","value":{}}]}},
         "attributes":[{"key":"k","value":{"stringValue":"v"}}]},
        {"body":{"stringValue":"plain"},"severityNumber":17}
    ]}]}]}"#;
    let decoded = logs(json.as_bytes(), PLENTY).unwrap();
    let records = &decoded.request.resource_logs[0].scope_logs[0].log_records;
    assert_eq!((records[0].severity_number, records[1].severity_number), (13, 17));
    assert_eq!(records[0].observed_time_unix_nano, 1_544_712_660_300_000_001);
    assert_eq!(
        (records[0].event_name.as_str(), records[0].flags, records[0].trace_id.len()),
        ("browser.page_view", 1, 16)
    );
    let (batch, _) = crate::convert::logs(decoded.request, false);
    assert_eq!(batch.logs[0].body.to_json(), r#"{"type":0,"none":null}"#);
    assert_eq!(batch.logs[1].body.as_text(), Some("plain"));
}

#[test]
fn data_points_of_every_kind_are_read() {
    let json = r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[
        {"name":"faas.sum","unit":"1","sum":{"aggregationTemporality":"AGGREGATION_TEMPORALITY_DELTA","isMonotonic":true,
            "dataPoints":[{"asInt":"5","timeUnixNano":"1","exemplars":[{"asDouble":1}]},{"asDouble":5.5},{"asInt":7}]}},
        {"name":"faas.gauge","gauge":{"dataPoints":[{"asDouble":"NaN"}]}},
        {"name":"faas.histogram","histogram":{"dataPoints":[
            {"count":"2","sum":2.5,"bucketCounts":["1","1"],"explicitBounds":[1],"min":0,"max":2}]}},
        {"name":"faas.exponential","exponentialHistogram":{"dataPoints":[
            {"count":3,"sum":3.5,"scale":1,"zeroCount":"0","positive":{"offset":1,"bucketCounts":["3"]}}]}},
        {"name":"faas.summary","summary":{"dataPoints":[
            {"count":"4","sum":4.5,"quantileValues":[{"quantile":0.5,"value":1}]}]}}
    ]}]}]}"#;
    let decoded = metrics(json.as_bytes(), PLENTY).unwrap();
    let all = &decoded.request.resource_metrics[0].scope_metrics[0].metrics;
    let Some(Data::Sum(sum)) = &all[0].data else { panic!() };
    assert_eq!((sum.aggregation_temporality, sum.is_monotonic), (1, true));
    assert_eq!(sum.data_points[0].value, Some(number_data_point::Value::AsInt(5)));
    let (batch, tally) = crate::convert::metrics(decoded.request, false, Timestamp::EPOCH);
    assert_eq!((tally.received, tally.kept_points), (7, 7));
    let kept: Vec<_> = batch.metrics.iter().map(|point| (point.value, point.count)).collect();
    assert_eq!(kept[..3], [(5.0, None), (5.5, None), (7.0, None)]);
    assert!(kept[3].0.is_nan());
    assert_eq!(kept[4..], [(2.5, Some(2)), (3.5, Some(3)), (4.5, Some(4))]);
}
