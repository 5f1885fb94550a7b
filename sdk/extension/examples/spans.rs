//! A function for the tests that sends spans as an SDK does, and keeps a ledger of those that were answered.
//!
//! Event: `{"spans": 3, "how": "protobuf" | "gzip" | "json" | "grpc", "then": "sleep" | "exit" | "hold"}`. Each acknowledged span's id is
//! appended to the file in `LEDGER`, before the handler returns.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Inner;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use serde_json::{Value, json};

type Http = Client<HttpConnector, Full<bytes::Bytes>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let http: Http = Client::builder(TokioExecutor::new()).build_http();
    let h2: Http = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    lambda_runtime::run(service_fn(move |event| handle(http.clone(), h2.clone(), event))).await
}

async fn handle(http: Http, h2: Http, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let (asked, context) = event.into_parts();
    let how = asked["how"].as_str().unwrap_or("protobuf").to_owned();
    let ids: Vec<[u8; 8]> = (0..asked["spans"].as_u64().unwrap_or(1)).map(|_| random()).collect::<Result<_, _>>()?;
    if !ids.is_empty() {
        let client = if how == "grpc" { &h2 } else { &http };
        send(client, &how, &context.request_id, &ids).await?;
    }
    if let Some(path) = std::env::var_os("LEDGER") {
        let lines: String = ids.iter().map(|id| format!("{}\n", hex(id))).collect();
        std::fs::OpenOptions::new().create(true).append(true).open(path)?.write_all(lines.as_bytes())?;
    }
    match asked["then"].as_str() {
        Some("sleep") => tokio::time::sleep(std::time::Duration::from_secs(60)).await,
        Some("exit") => std::process::exit(7),
        Some("hold") => {
            let mut held = Vec::new();
            loop {
                held.push(vec![1u8; 4 << 20]);
                tokio::time::sleep(std::time::Duration::from_micros(100)).await;
            }
        }
        _ => {}
    }
    Ok(json!({ "sent": ids.len() }))
}

async fn send(http: &Http, how: &str, request_id: &str, ids: &[[u8; 8]]) -> Result<(), Error> {
    let base = std::env::var("OTEL_EXPORTER_OTLP_ENDPOINT")?;
    let body = request(request_id, ids).encode_to_vec();
    let traces = format!("{base}/v1/traces");
    let (url, kind, packed, body) = match how {
        "gzip" => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&body)?;
            (traces, "application/x-protobuf", true, encoder.finish()?)
        }
        "json" => (traces, "application/json", false, json_request(request_id, ids).to_string().into_bytes()),
        "grpc" => {
            let method = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
            let frame = [&[0][..], &u32::try_from(body.len())?.to_be_bytes(), &body].concat();
            (base.replace(":4318", ":4317") + method, "application/grpc", false, frame)
        }
        _ => (traces, "application/x-protobuf", false, body),
    };
    let mut request = hyper::Request::post(url).header("content-type", kind).header("te", "trailers");
    if packed {
        request = request.header("content-encoding", "gzip");
    }
    let answer = http.request(request.body(Full::new(body.into()))?).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await?;
    let grpc = body.trailers().and_then(|trailers| trailers.get("grpc-status")).is_none_or(|status| status == "0");
    if status.is_success() && grpc { Ok(()) } else { Err(format!("the extension answered {status}").into()) }
}

fn request(request_id: &str, ids: &[[u8; 8]]) -> ExportTraceServiceRequest {
    let text = |key: &str, value: &str| KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(Inner::StringValue(value.to_owned())) }),
        ..KeyValue::default()
    };
    let spans = ids.iter().map(|id| Span {
        trace_id: [&id[..], &id[..]].concat(),
        span_id: id.to_vec(),
        name: "work".to_owned(),
        kind: 1,
        start_time_unix_nano: start(),
        end_time_unix_nano: start() + 1_000_000,
        attributes: vec![text("faas.invocation_id", request_id)],
        ..Span::default()
    });
    let scope = ScopeSpans { spans: spans.collect(), ..ScopeSpans::default() };
    let resource = Resource { attributes: vec![text("service.name", "orders")], ..Resource::default() };
    let of = ResourceSpans { resource: Some(resource), scope_spans: vec![scope], ..ResourceSpans::default() };
    ExportTraceServiceRequest { resource_spans: vec![of] }
}

fn json_request(request_id: &str, ids: &[[u8; 8]]) -> Value {
    let span = |id: &[u8; 8]| {
        json!({
            "traceId": hex(id).repeat(2), "spanId": hex(id), "name": "work", "kind": 1,
            "startTimeUnixNano": start().to_string(), "endTimeUnixNano": (start() + 1_000_000).to_string(),
            "attributes": [{ "key": "faas.invocation_id", "value": { "stringValue": request_id } }],
        })
    };
    let spans: Vec<Value> = ids.iter().map(span).collect();
    let resource = json!({ "attributes": [{ "key": "service.name", "value": { "stringValue": "orders" } }] });
    json!({ "resourceSpans": [{ "resource": resource, "scopeSpans": [{ "spans": spans }] }] })
}

#[expect(clippy::disallowed_methods, reason = "the one clock of this function")]
fn start() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or_default()
}

fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn random() -> Result<[u8; 8], Error> {
    let mut id = [0; 8];
    getrandom::fill(&mut id)?;
    // All zeros is no id.
    id[0] |= 1;
    Ok(id)
}
