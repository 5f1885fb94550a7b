//! A receiver on two ports of this machine, its outlet, and clients that send exactly what a test says.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use coldlight_model::{Batch, Busy, BusyReason, Timestamp};
use coldlight_receiver::{Access, Outlet, Receiver, Settings};
use http::{HeaderMap, Request};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
pub const LOGS: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
pub const METRICS: &str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

/// What the outlet answers.
#[derive(Clone, Copy, Default)]
pub struct Store {
    pub room: Option<Busy>,
    pub keep: Option<Busy>,
    pub keep_takes: Duration,
    pub panics: bool,
    /// Whether batches are forgotten once kept.
    pub forgets: bool,
}

/// A running receiver.
pub struct House {
    pub receiver: Receiver,
    pub grpc: SocketAddr,
    pub http: SocketAddr,
    pub stop: CancellationToken,
    pub serving: Vec<JoinHandle<std::io::Result<()>>>,
    kept: Arc<Mutex<Vec<Batch>>>,
    store: Arc<Mutex<Store>>,
    pub asked_for_room: Arc<AtomicU32>,
    _turn: Turn,
}

/// Whether other tests may run at the same time: not with those that measure this process's memory.
enum Turn {
    Shared(#[expect(dead_code, reason = "held, not read")] RwLockReadGuard<'static, ()>),
    Alone(#[expect(dead_code, reason = "held, not read")] RwLockWriteGuard<'static, ()>),
}

static TURNS: RwLock<()> = RwLock::const_new(());

pub const KEY: &str = "writer";
pub const READ_KEY: &str = "reader";
/// The key of one who sends more than it may.
pub const FAST_KEY: &str = "too-fast";

impl House {
    pub async fn open() -> Self {
        Self::with(Settings::default(), false).await
    }

    /// `keys`: whether a key is needed.
    pub async fn with(settings: Settings, keys: bool) -> Self {
        Self::start(settings, keys, Turn::Shared(TURNS.read().await)).await
    }

    /// With no other test at the same time.
    pub async fn alone(settings: Settings) -> Self {
        Self::start(settings, false, Turn::Alone(TURNS.write().await)).await
    }

    async fn start(settings: Settings, keys: bool, turn: Turn) -> Self {
        let kept: Arc<Mutex<Vec<Batch>>> = Arc::default();
        let store: Arc<Mutex<Store>> = Arc::default();
        let asked_for_room: Arc<AtomicU32> = Arc::default();
        let outlet = Outlet {
            room: Box::new({
                let (store, asked) = (store.clone(), asked_for_room.clone());
                move |_wait| {
                    asked.fetch_add(1, Ordering::Relaxed);
                    let room = store.lock().unwrap().room;
                    Box::pin(async move { room.map_or(Ok(()), Err) })
                }
            }),
            keep: Box::new({
                let (kept, store) = (kept.clone(), store.clone());
                move |batch| {
                    let (kept, store) = (kept.clone(), *store.lock().unwrap());
                    Box::pin(async move {
                        assert!(!store.panics, "as the test wants it");
                        tokio::time::sleep(store.keep_takes).await;
                        match store.keep {
                            Some(busy) => Err(busy),
                            None if store.forgets => Ok(()),
                            None => {
                                kept.lock().unwrap().push(batch);
                                Ok(())
                            }
                        }
                    })
                }
            }),
            authorize: Box::new(move |key| match key {
                _ if !keys => Access::Granted,
                Some(KEY) => Access::Granted,
                Some(READ_KEY) => Access::Denied,
                Some(FAST_KEY) => Access::Wait(Duration::from_millis(1_200)),
                _ => Access::Missing,
            }),
            now: || Timestamp::from_millis(1_795_438_588_000),
        };
        let receiver = Receiver::new(settings, outlet);
        let stop = CancellationToken::new();
        let bind = async || TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (grpc_listener, http_listener) = (bind().await, bind().await);
        let (grpc, http) = (grpc_listener.local_addr().unwrap(), http_listener.local_addr().unwrap());
        let serving = vec![
            tokio::spawn({
                let (receiver, stop) = (receiver.clone(), stop.clone());
                async move { receiver.serve_grpc(grpc_listener, stop).await }
            }),
            tokio::spawn({
                let (receiver, stop) = (receiver.clone(), stop.clone());
                async move { receiver.serve_http(http_listener, stop).await }
            }),
        ];
        Self { receiver, grpc, http, stop, serving, kept, store, asked_for_room, _turn: turn }
    }

    pub fn store(&self, change: impl FnOnce(&mut Store)) {
        change(&mut self.store.lock().unwrap());
    }

    pub fn kept(&self) -> Vec<Batch> {
        self.kept.lock().unwrap().clone()
    }

    pub fn kept_spans(&self) -> usize {
        self.kept().iter().map(|batch| batch.spans.len()).sum()
    }

    pub fn refused(&self, reason: &str) -> u64 {
        self.receiver.counts().refusals.iter().filter(|refusal| refusal.reason == reason).map(|r| r.count).sum()
    }

    /// A POST with these headers (`name: value`) and this body.
    pub async fn post(&self, path: &str, headers: &[&str], body: &[u8]) -> HttpAnswer {
        let length = format!("content-length: {}", body.len());
        self.raw(&[&[&format!("POST {path} HTTP/1.1"), "host: localhost", &length], headers].concat(), body).await
    }

    pub async fn raw(&self, head: &[&str], body: &[u8]) -> HttpAnswer {
        let mut stream = TcpStream::connect(self.http).await.unwrap();
        let mut request = head.join("\r\n").into_bytes();
        request.extend_from_slice(b"\r\nconnection: close\r\n\r\n");
        request.extend_from_slice(body);
        // A server that refuses early may close while we still send.
        let _ = stream.write_all(&request).await;
        HttpAnswer::read(&mut stream).await
    }

    /// A unary call whose request is one message.
    pub async fn call(&self, method: &str, headers: &[(&str, &str)], message: &[u8]) -> GrpcAnswer {
        self.call_raw(method, headers, &framed(0, message)).await
    }

    /// A call whose request body is exactly these bytes.
    pub async fn call_raw(&self, method: &str, headers: &[(&str, &str)], body: &[u8]) -> GrpcAnswer {
        let stream = TcpStream::connect(self.grpc).await.unwrap();
        let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        call_on(&mut client, self.grpc, method, headers, body).await
    }
}

pub async fn call_on(
    client: &mut h2::client::SendRequest<Bytes>,
    address: SocketAddr,
    method: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> GrpcAnswer {
    let mut request = Request::post(format!("http://{address}{method}")).header("te", "trailers");
    if !headers.iter().any(|(name, _)| *name == "content-type") {
        request = request.header("content-type", "application/grpc");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    std::future::poll_fn(|context| client.poll_ready(context)).await.unwrap();
    let (response, mut stream) = client.send_request(request.body(()).unwrap(), false).unwrap();
    let mut body = Bytes::copy_from_slice(body);
    while !body.is_empty() {
        stream.reserve_capacity(body.len());
        let Some(Ok(room)) = std::future::poll_fn(|context| stream.poll_capacity(context)).await else { break };
        if stream.send_data(body.split_to(room.min(body.len())), false).is_err() {
            break;
        }
    }
    let _ = stream.send_data(Bytes::new(), true);
    let response = response.await.unwrap();
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let mut body = response.into_body();
    let mut message = Vec::new();
    while let Some(Ok(piece)) = body.data().await {
        let _ = body.flow_control().release_capacity(piece.len());
        message.extend_from_slice(&piece);
    }
    let trailers = body.trailers().await.unwrap();
    GrpcAnswer { http_status: status, headers, trailers, message }
}

pub struct HttpAnswer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl HttpAnswer {
    /// Reads one answer to its end; the server closes after it.
    pub async fn read(stream: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut bytes)).await.expect("an answer");
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("an answer's head");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            headers.append(http::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
        }
        Self { status, headers, body: bytes[end + 4..].to_vec() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// The body as a `google.rpc.Status` in protobuf.
    pub fn status_message(&self) -> tonic_types::Status {
        tonic_types::Status::decode(self.body.as_slice()).unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

pub struct GrpcAnswer {
    pub http_status: u16,
    pub headers: HeaderMap,
    pub trailers: Option<HeaderMap>,
    pub message: Vec<u8>,
}

impl GrpcAnswer {
    /// From the trailers, or from the headers of an answer without a message.
    pub fn status(&self) -> tonic::Status {
        let headers = self.trailers.as_ref().unwrap_or(&self.headers);
        tonic::Status::from_header_map(headers).expect("a gRPC status")
    }

    pub fn code(&self) -> tonic::Code {
        self.status().code()
    }

    /// The message without its prefix.
    pub fn content(&self) -> &[u8] {
        let length = u32::from_be_bytes(self.message[1..5].try_into().unwrap()) as usize;
        assert_eq!((self.message[0], self.message.len()), (0, 5 + length));
        &self.message[5..]
    }
}

pub fn framed(flag: u8, message: &[u8]) -> Vec<u8> {
    [&[flag], (message.len() as u32).to_be_bytes().as_slice(), message].concat()
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn span(number: u64) -> Span {
    Span {
        trace_id: [7; 16].to_vec(),
        span_id: (number + 1).to_be_bytes().to_vec(),
        name: format!("span {number}"),
        start_time_unix_nano: 1_795_438_588_000_000_000,
        end_time_unix_nano: 1_795_438_588_100_000_000,
        ..Default::default()
    }
}

pub fn spans(number: u64) -> Vec<Span> {
    (0..number).map(span).collect()
}

pub fn request(spans: Vec<Span>) -> Vec<u8> {
    let scope_spans = vec![ScopeSpans { spans, ..Default::default() }];
    let resource_spans = vec![ResourceSpans { scope_spans, ..Default::default() }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

pub const PROTOBUF: &str = "content-type: application/x-protobuf";
pub const JSON: &str = "content-type: application/json";

pub const ONE_SPAN_JSON: &str = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"eee19b7ec3c1b174","name":"a","startTimeUnixNano":"1","endTimeUnixNano":2}]}]}]}"#;

pub fn busy(reason: BusyReason) -> Option<Busy> {
    Some(Busy { reason, retry_after_s: 2 })
}

/// Memory of this process in use now, in bytes.
pub fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}
