//! What a span costs from bytes to batch, next to bare prost: `cargo bench -p coldlight-receiver`.
//!
//! The batch is what an OpenTelemetry SDK in a Lambda function sends: 512 spans of 12 attributes, one resource, three scopes.

use std::hint::black_box;
use std::time::{Duration, Instant};

use coldlight_receiver::measure as steps;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;

const SPANS: usize = 512;
const ROUNDS: usize = 200;

fn text(key: &str, text: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::StringValue(text.into())) });
    KeyValue { key: key.into(), value, ..Default::default() }
}

fn int(key: &str, int: i64) -> KeyValue {
    KeyValue { key: key.into(), value: Some(AnyValue { value: Some(Value::IntValue(int)) }), ..Default::default() }
}

fn span(number: usize) -> Span {
    Span {
        trace_id: (number as u128 / 5 + 0x6b04_37f1_ea61_363e_09fd_a6f2_2225_0a40).to_be_bytes().to_vec(),
        span_id: (number as u64 + 1).to_be_bytes().to_vec(),
        parent_span_id: (number as u64 / 5 * 5 + 1).to_be_bytes().to_vec(),
        flags: 257,
        name: "DynamoDB.GetItem".into(),
        kind: 3,
        start_time_unix_nano: 1_795_438_588_000_000_000 + number as u64 * 1_000_000,
        end_time_unix_nano: 1_795_438_588_008_123_456 + number as u64 * 1_000_000,
        attributes: vec![
            text("rpc.system", "aws-api"),
            text("rpc.service", "DynamoDB"),
            text("rpc.method", "GetItem"),
            text("cloud.region", "us-east-1"),
            text("server.address", "dynamodb.us-east-1.amazonaws.com"),
            int("server.port", 443),
            int("http.response.status_code", 200),
            text("aws.request_id", "8ELLCQ2VK0VSBC0BRD7FR3J4SJVV4KQNSO5AEMVJF66Q9ASUAAJG"),
            text("db.system", "dynamodb"),
            text("db.operation", "GetItem"),
            text("url.full", "https://dynamodb.us-east-1.amazonaws.com/?table=orders"),
            text("faas.invocation_id", "f98ebec2-09b7-46dd-9846-0587ce785027"),
        ],
        status: Some(Status::default()),
        ..Default::default()
    }
}

fn request() -> ExportTraceServiceRequest {
    let resource = Resource {
        attributes: vec![
            text("service.name", "order-api"),
            text("cloud.provider", "aws"),
            text("cloud.platform", "aws_lambda"),
            text("faas.name", "order-api"),
            text("faas.instance", "2026/11/23/[$LATEST]2904605bdbc7443bb84a54dc3fa32cd2"),
            int("faas.max_memory", 1024),
        ],
        ..Default::default()
    };
    let scopes = ["opentelemetry.instrumentation.aws_lambda", "opentelemetry.instrumentation.botocore", "app"];
    let scope_spans = scopes.iter().enumerate().map(|(at, name)| ScopeSpans {
        scope: Some(InstrumentationScope { name: (*name).into(), version: "0.66b1".into(), ..Default::default() }),
        spans: (0..SPANS).filter(|number| number % scopes.len() == at).map(span).collect(),
        schema_url: String::new(),
    });
    let scope_spans = scope_spans.collect();
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans { resource: Some(resource), scope_spans, schema_url: String::new() }],
    }
}

/// The median time of a round, and the shortest: on a busy machine the median counts others' work too.
fn measure<T>(mut round: impl FnMut() -> T) -> (Duration, Duration) {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            black_box(round());
            started.elapsed()
        })
        .collect();
    times.sort_unstable();
    (times[ROUNDS / 2], times[0])
}

fn main() {
    let protobuf = request().encode_to_vec();
    let batch = steps::traces_from_protobuf(&protobuf).expect("a valid request");
    let details: Vec<_> = batch
        .spans
        .iter()
        .map(|span| coldlight_model::SpanDetail {
            span: span.clone(),
            resource: batch.resources[span.resource as usize].clone(),
            scope: batch.scopes[span.scope as usize].clone(),
            received_at: span.started_at,
            linked_from: vec![],
            links_to: vec![],
            logs: vec![],
        })
        .collect();
    let json = coldlight_receiver::to_otlp_json(&details);
    println!(
        "{SPANS} spans of 12 attributes: {} B a span in protobuf, {} B in JSON; median of {ROUNDS} rounds",
        protobuf.len() / SPANS,
        json.len() / SPANS
    );
    let report = |what: &str, (median, shortest): (Duration, Duration)| {
        let nanos = |time: Duration| time.as_nanos() as f64 / SPANS as f64;
        println!(
            "{what:<30} {:6.0} ns a span, {:8.0} spans/s; at best {:6.0} ns",
            nanos(median),
            1e9 / nanos(median),
            nanos(shortest)
        );
    };
    report("walk the bytes", measure(|| steps::scan_traces(&protobuf)));
    report("bare prost", measure(|| ExportTraceServiceRequest::decode(protobuf.as_slice()).expect("valid")));
    report("walk, prost, convert, redact", measure(|| steps::traces_from_protobuf(&protobuf).expect("valid")));
    report("JSON, convert, redact", measure(|| steps::traces_from_json(json.as_bytes()).expect("valid")));
    report("back to JSON", measure(|| coldlight_receiver::to_otlp_json(&details)));
}
