//! What the tests share: a receiver that keeps what comes, and a function with the extension.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use coldlight_local::{Complete, Fleet, Function, Request, line};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Inner;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use prost::Message;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// An OTLP receiver on a port of its own. It answers with `status` after `delay_ms`, and keeps what it answered well.
#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    pub kept: Arc<Kept>,
    port: u16,
    server: Arc<Mutex<Option<tokio::task::JoinHandle<()>>>>,
}

#[derive(Default)]
pub struct Kept {
    pub status: AtomicU16,
    pub delay_ms: AtomicU64,
    /// Span ids, one entry for each time it came.
    pub spans: Mutex<Vec<String>>,
    /// How many spans each request for traces had.
    pub requests: Mutex<Vec<usize>>,
    pub logs: Mutex<Vec<Log>>,
    /// Bodies with this in them are refused with 400.
    pub poison: Mutex<Option<Vec<u8>>>,
}

/// A log record, as far as the tests ask.
#[derive(Clone, Debug, PartialEq)]
pub struct Log {
    pub kind: String,
    pub invocation: Option<String>,
    pub body: Value,
    pub resource: BTreeMap<String, Value>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let kept = Arc::new(Kept { status: AtomicU16::new(200), ..Kept::default() });
        let url = format!("http://127.0.0.1:{port}");
        let receiver = Self { url, kept, port, server: Arc::default() };
        receiver.serve(listener);
        receiver
    }

    fn serve(&self, listener: TcpListener) {
        let app = Router::new()
            .route("/v1/traces", post(traces))
            .route("/v1/logs", post(logs))
            .with_state(Arc::clone(&self.kept));
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        *self.server.lock().unwrap() = Some(server);
    }

    /// Nobody listens any more; connections that are open end with the answers under way.
    pub async fn away(&self) {
        let server = self.server.lock().unwrap().take();
        if let Some(server) = server {
            server.abort();
            let _ = server.await;
        }
        self.kept.status.store(503, Ordering::Relaxed);
    }

    pub async fn back(&self) {
        self.kept.status.store(200, Ordering::Relaxed);
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.serve(listener);
    }

    pub fn spans(&self) -> Vec<String> {
        self.kept.spans.lock().unwrap().clone()
    }

    pub fn logs(&self) -> Vec<Log> {
        self.kept.logs.lock().unwrap().clone()
    }

    /// Waits until `what` holds of what came; panics with what did.
    pub async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !holds(self) {
            let kinds: Vec<String> = self.logs().iter().map(|log| log.kind.clone()).collect();
            assert!(start.elapsed() < Duration::from_secs(10), "{what}: {} spans, logs {kinds:?}", self.spans().len());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn plain(kept: &Kept, headers: &HeaderMap, body: &[u8]) -> Result<Vec<u8>, StatusCode> {
    let delay = kept.delay_ms.load(Ordering::Relaxed);
    if delay > 0 {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    let plain = match headers.get("content-encoding") {
        Some(_) => {
            let mut plain = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(body), &mut plain).unwrap();
            plain
        }
        None => body.to_vec(),
    };
    let poison = kept.poison.lock().unwrap().clone();
    if poison.is_some_and(|poison| plain.windows(poison.len()).any(|window| window == poison)) {
        return Err(StatusCode::BAD_REQUEST);
    }
    match kept.status.load(Ordering::Relaxed) {
        200 => Ok(plain),
        other => Err(StatusCode::from_u16(other).unwrap()),
    }
}

async fn traces(State(kept): State<Arc<Kept>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let body = match plain(&kept, &headers, &body).await {
        Ok(body) => body,
        Err(status) => return status,
    };
    let ids: Vec<String> = if headers["content-type"] == "application/json" {
        let request: Value = serde_json::from_slice(&body).unwrap();
        let resources = request["resourceSpans"].as_array().unwrap();
        let spans = resources.iter().flat_map(|of| of["scopeSpans"].as_array().unwrap());
        let spans = spans.flat_map(|of| of["spans"].as_array().unwrap());
        spans.map(|span| span["spanId"].as_str().unwrap().to_owned()).collect()
    } else {
        let request = ExportTraceServiceRequest::decode(&body[..]).unwrap();
        let spans = request.resource_spans.iter().flat_map(|of| &of.scope_spans).flat_map(|of| &of.spans);
        spans.map(|span| span.span_id.iter().map(|byte| format!("{byte:02x}")).collect()).collect()
    };
    kept.requests.lock().unwrap().push(ids.len());
    kept.spans.lock().unwrap().extend(ids);
    StatusCode::OK
}

async fn logs(State(kept): State<Arc<Kept>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let body = match plain(&kept, &headers, &body).await {
        Ok(body) => body,
        Err(status) => return status,
    };
    for of in ExportLogsServiceRequest::decode(&body[..]).unwrap().resource_logs {
        let resource = map(&of.resource.unwrap_or_default().attributes);
        for record in of.scope_logs.into_iter().flat_map(|of| of.log_records) {
            let attributes = map(&record.attributes);
            kept.logs.lock().unwrap().push(Log {
                kind: attributes["type"].as_str().unwrap().to_owned(),
                invocation: attributes.get("faas.invocation_id").and_then(Value::as_str).map(str::to_owned),
                body: record.body.as_ref().map(json_of).unwrap_or_default(),
                resource: resource.clone(),
            });
        }
    }
    StatusCode::OK
}

fn map(pairs: &[KeyValue]) -> BTreeMap<String, Value> {
    pairs.iter().map(|pair| (pair.key.clone(), pair.value.as_ref().map(json_of).unwrap_or_default())).collect()
}

fn json_of(value: &AnyValue) -> Value {
    match &value.value {
        Some(Inner::StringValue(text)) => json!(text),
        Some(Inner::IntValue(number)) => json!(number),
        Some(Inner::DoubleValue(number)) => json!(number),
        Some(Inner::BoolValue(truth)) => json!(truth),
        Some(Inner::ArrayValue(items)) => items.values.iter().map(json_of).collect(),
        Some(Inner::KvlistValue(pairs)) => json!(map(&pairs.values)),
        _ => Value::Null,
    }
}

/// A function of `examples/spans.rs` with the extension, sending to `receiver`.
pub fn function(receiver: &Receiver) -> Function {
    let test = std::env::current_exe().expect("the path of this program");
    let release = test.ancestors().find(|folder| folder.ends_with("release")).expect("a folder named release");
    let spans = release.join("examples/spans");
    assert!(spans.is_file(), "{} is not there: cargo test builds it", spans.display());
    Function {
        extensions: vec![PathBuf::from(env!("CARGO_BIN_EXE_coldlight-extension"))],
        collector: Some(receiver.url.clone()),
        timeout: Duration::from_secs(10),
        ..Function::new("orders", vec![spans.display().to_string()])
    }
}

/// Invocations of one function, whose lines are shown when a test fails.
pub struct Lambda {
    pub fleet: Fleet,
}

impl Lambda {
    pub async fn new(function: Function) -> Self {
        let (lines, mut written) = line::channel();
        tokio::spawn(async move {
            while let Some(line) = written.recv().await {
                println!("{:?} {}", line.from, line.text);
            }
        });
        Self { fleet: Fleet::new(function, lines).await.unwrap() }
    }

    pub async fn invoke(&self, event: Value) -> Complete {
        let answer = self.fleet.invoke_later(Request::new(event.to_string())).await.unwrap();
        answer.complete().await.expect("a report")
    }
}
