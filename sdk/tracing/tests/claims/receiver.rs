//! A collector for tests: OTLP over HTTP on a free port, as real bytes; it can be told to refuse, and to come and go.

use std::io::Read;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Received {
    /// Lower-case names.
    pub headers: Vec<(String, String)>,
    pub request: ExportTraceServiceRequest,
}

#[derive(Default)]
struct Shared {
    received: Mutex<Vec<Received>>,
    /// What to answer instead of success.
    status: Mutex<Option<u16>>,
    /// How long to take for it.
    delay: Mutex<Option<Duration>>,
}

/// Listens until dropped.
pub struct Receiver {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

impl Receiver {
    pub async fn start() -> Self {
        Self::start_on("127.0.0.1:0".parse().unwrap()).await
    }

    pub async fn start_on(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let (address, shared) = (listener.local_addr().unwrap(), Arc::new(Shared::default()));
        let keep = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&keep)));
            }
        });
        Self { address, shared, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on every request is answered with this status.
    pub fn refuse(&self, status: Option<u16>) {
        *self.shared.status.lock().unwrap() = status;
    }

    /// From now on every answer takes so long.
    pub fn delay(&self, delay: Option<Duration>) {
        *self.shared.delay.lock().unwrap() = delay;
    }

    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// All spans that were taken, in order.
    pub fn spans(&self) -> Vec<Span> {
        let received = self.received().into_iter().flat_map(|received| received.request.resource_spans);
        received.flat_map(|of| of.scope_spans).flat_map(|of| of.spans).collect()
    }

    pub fn names(&self) -> Vec<String> {
        self.spans().into_iter().map(|span| span.name).collect()
    }

    /// The one span of this name.
    #[track_caller]
    pub fn span(&self, name: &str) -> Span {
        let found: Vec<Span> = self.spans().into_iter().filter(|span| span.name == name).collect();
        assert_eq!(found.len(), 1, "spans named {name} among {:?}", self.names());
        found[0].clone()
    }

    /// Waits until there are this many spans, at most ten seconds.
    pub async fn until(&self, spans: usize) {
        let start = Instant::now();
        while self.spans().len() < spans {
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "{} of {spans} spans came: {:?}",
                self.spans().len(),
                self.names()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// HTTP/1.1 with a length or in chunks, one request after the other.
async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut bytes = Vec::new();
    loop {
        let head = loop {
            if let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
                break bytes.drain(..end + 4).collect::<Vec<u8>>();
            }
            if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        };
        let head = String::from_utf8_lossy(&head).into_owned();
        let headers: Vec<(String, String)> = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let header = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let length: usize =
            header("content-length").and_then(|text| text.parse().ok()).expect("a request with a length");
        while bytes.len() < length {
            if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let mut body: Vec<u8> = bytes.drain(..length).collect();
        if header("content-encoding") == Some("gzip") {
            let packed = std::mem::take(&mut body);
            flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut body).unwrap();
        }
        assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
        let (status, delay) = (*shared.status.lock().unwrap(), *shared.delay.lock().unwrap());
        if let Some(delay) = delay {
            tokio::time::sleep(delay).await;
        }
        if status.is_none() {
            let request = ExportTraceServiceRequest::decode(body.as_slice()).unwrap();
            shared.received.lock().unwrap().push(Received { headers, request });
        }
        let answer = format!("HTTP/1.1 {} x\r\ncontent-length: 0\r\n\r\n", status.unwrap_or(200));
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// An attribute as text; arrays and maps as Rust writes them.
pub fn attribute(attributes: &[KeyValue], name: &str) -> Option<String> {
    let value = attributes.iter().find(|pair| pair.key == name)?.value.clone()?;
    Some(match value.value? {
        Value::StringValue(text) => text,
        Value::IntValue(number) => number.to_string(),
        Value::BoolValue(yes) => yes.to_string(),
        Value::DoubleValue(number) => number.to_string(),
        Value::ArrayValue(array) => array.values.iter().filter_map(text).collect::<Vec<_>>().join(","),
        other => format!("{other:?}"),
    })
}

fn text(value: &AnyValue) -> Option<String> {
    match value.value.clone()? {
        Value::StringValue(text) => Some(text),
        other => Some(format!("{other:?}")),
    }
}

/// Each attribute has this value; an empty one means that there is none.
#[track_caller]
pub fn check(span: &Span, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        let found = attribute(&span.attributes, name).unwrap_or_default();
        assert_eq!(&found, value, "{name} of {}: {:#?}", span.name, span.attributes);
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
