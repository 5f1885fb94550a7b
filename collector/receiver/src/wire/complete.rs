//! Requests in which every field that OTLP has is set: whatever the schema here does not know, or mending loses, shows.
//!
//! No struct is filled up with defaults, so a field that a new version adds does not compile until it is set here.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList, any_value,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint, Metric,
    NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint, exemplar, metric,
    number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message as _;

use super::{Message, mend, scan};

fn text() -> String {
    "text".into()
}

fn values() -> Vec<AnyValue> {
    use any_value::Value;
    let plain = [
        Value::StringValue(text()),
        Value::BoolValue(true),
        Value::IntValue(-1),
        Value::DoubleValue(1.5),
        Value::BytesValue(vec![1, 2]),
        Value::StringValueStrindex(3),
    ];
    let mut values: Vec<AnyValue> = plain.into_iter().map(|value| AnyValue { value: Some(value) }).collect();
    values.push(AnyValue { value: None });
    let array = Value::ArrayValue(ArrayValue { values: values.clone() });
    let pair = KeyValue { key: text(), value: Some(AnyValue { value: Some(array.clone()) }), key_strindex: 4 };
    values.push(AnyValue { value: Some(array) });
    values.push(AnyValue { value: Some(Value::KvlistValue(KeyValueList { values: vec![pair] })) });
    values
}

fn attributes() -> Vec<KeyValue> {
    values().into_iter().map(|value| KeyValue { key: text(), value: Some(value), key_strindex: 1 }).collect()
}

fn resource() -> Option<Resource> {
    let entity =
        EntityRef { schema_url: text(), r#type: text(), id_keys: vec![text(), text()], description_keys: vec![text()] };
    Some(Resource { attributes: attributes(), dropped_attributes_count: 1, entity_refs: vec![entity] })
}

fn scope() -> Option<InstrumentationScope> {
    Some(InstrumentationScope { name: text(), version: text(), attributes: attributes(), dropped_attributes_count: 2 })
}

fn traces() -> Vec<u8> {
    let event = Event { time_unix_nano: 1, name: text(), attributes: attributes(), dropped_attributes_count: 3 };
    let link = Link {
        trace_id: vec![1; 16],
        span_id: vec![1; 8],
        trace_state: text(),
        attributes: attributes(),
        dropped_attributes_count: 4,
        flags: 5,
    };
    let span = Span {
        trace_id: vec![2; 16],
        span_id: vec![2; 8],
        trace_state: text(),
        parent_span_id: vec![3; 8],
        flags: 6,
        name: text(),
        kind: 7,
        start_time_unix_nano: 8,
        end_time_unix_nano: 9,
        attributes: attributes(),
        dropped_attributes_count: 10,
        events: vec![event],
        dropped_events_count: 11,
        links: vec![link],
        dropped_links_count: 12,
        status: Some(Status { message: text(), code: 2 }),
    };
    let scope_spans = vec![ScopeSpans { scope: scope(), spans: vec![span.clone(), span], schema_url: text() }];
    let resource_spans = vec![ResourceSpans { resource: resource(), scope_spans, schema_url: text() }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

fn logs() -> Vec<u8> {
    let record = |body| LogRecord {
        time_unix_nano: 1,
        observed_time_unix_nano: 2,
        severity_number: 3,
        severity_text: text(),
        body: Some(body),
        attributes: attributes(),
        dropped_attributes_count: 4,
        flags: 5,
        trace_id: vec![1; 16],
        span_id: vec![1; 8],
        event_name: text(),
    };
    let log_records = values().into_iter().map(record).collect();
    let scope_logs = vec![ScopeLogs { scope: scope(), log_records, schema_url: text() }];
    let resource_logs = vec![ResourceLogs { resource: resource(), scope_logs, schema_url: text() }];
    ExportLogsServiceRequest { resource_logs }.encode_to_vec()
}

fn metrics() -> Vec<u8> {
    let exemplars: Vec<Exemplar> = [exemplar::Value::AsDouble(1.5), exemplar::Value::AsInt(2)]
        .into_iter()
        .map(|value| Exemplar {
            filtered_attributes: attributes(),
            time_unix_nano: 1,
            span_id: vec![1; 8],
            trace_id: vec![1; 16],
            value: Some(value),
        })
        .collect();
    let numbers: Vec<NumberDataPoint> = [number_data_point::Value::AsDouble(1.5), number_data_point::Value::AsInt(-2)]
        .into_iter()
        .map(|value| NumberDataPoint {
            attributes: attributes(),
            start_time_unix_nano: 1,
            time_unix_nano: 2,
            exemplars: exemplars.clone(),
            flags: 1,
            value: Some(value),
        })
        .collect();
    let histogram = HistogramDataPoint {
        attributes: attributes(),
        start_time_unix_nano: 1,
        time_unix_nano: 2,
        count: 3,
        sum: Some(4.5),
        bucket_counts: vec![1, 2],
        explicit_bounds: vec![0.5],
        exemplars: exemplars.clone(),
        flags: 1,
        min: Some(0.1),
        max: Some(9.9),
    };
    let buckets = Some(Buckets { offset: -3, bucket_counts: vec![1, 300, 70_000] });
    let exponential = ExponentialHistogramDataPoint {
        attributes: attributes(),
        start_time_unix_nano: 1,
        time_unix_nano: 2,
        count: 3,
        sum: Some(4.5),
        scale: -2,
        zero_count: 5,
        positive: buckets.clone(),
        negative: buckets,
        flags: 1,
        exemplars,
        min: Some(0.1),
        max: Some(9.9),
        zero_threshold: 0.01,
    };
    let summary = SummaryDataPoint {
        attributes: attributes(),
        start_time_unix_nano: 1,
        time_unix_nano: 2,
        count: 3,
        sum: 4.5,
        quantile_values: vec![ValueAtQuantile { quantile: 0.5, value: 1.5 }],
        flags: 1,
    };
    let all = [
        metric::Data::Gauge(Gauge { data_points: numbers.clone() }),
        metric::Data::Sum(Sum { data_points: numbers, aggregation_temporality: 2, is_monotonic: true }),
        metric::Data::Histogram(Histogram { data_points: vec![histogram], aggregation_temporality: 1 }),
        metric::Data::ExponentialHistogram(ExponentialHistogram {
            data_points: vec![exponential],
            aggregation_temporality: 1,
        }),
        metric::Data::Summary(Summary { data_points: vec![summary] }),
    ];
    let metric =
        |data| Metric { name: text(), description: text(), unit: text(), metadata: attributes(), data: Some(data) };
    let metrics = all.into_iter().map(metric).collect();
    let scope_metrics = vec![ScopeMetrics { scope: scope(), metrics, schema_url: text() }];
    let resource_metrics = vec![ResourceMetrics { resource: resource(), scope_metrics, schema_url: text() }];
    ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()
}

#[test]
fn every_field_of_otlp_is_known_and_survives_mending() {
    for (message, bytes) in
        [(Message::TraceRequest, traces()), (Message::LogsRequest, logs()), (Message::MetricsRequest, metrics())]
    {
        let found = scan(&bytes, message, usize::MAX).unwrap();
        assert_eq!((found.unknown_fields, found.needs_mending), (0, false), "{message:?}");
        let mended = mend(&bytes, message).unwrap();
        assert_eq!(scan(&mended, message, usize::MAX).unwrap(), found, "{message:?}");
        // Written again by prost, both are the same bytes.
        let again = |bytes: &[u8]| match message {
            Message::TraceRequest => ExportTraceServiceRequest::decode(bytes).unwrap().encode_to_vec(),
            Message::LogsRequest => ExportLogsServiceRequest::decode(bytes).unwrap().encode_to_vec(),
            _ => ExportMetricsServiceRequest::decode(bytes).unwrap().encode_to_vec(),
        };
        assert_eq!(again(&mended), bytes, "{message:?}");
    }
}
