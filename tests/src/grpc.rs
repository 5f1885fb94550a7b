//! Unary gRPC with the raw message in hand: what a recorded request held goes out byte for byte, compressed as it was.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tonic::{Code, Status};
use tonic_types::StatusExt;

pub const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
pub const LOGS: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
pub const METRICS: &str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

/// Room for a batch in flight without waiting for window updates.
const WINDOW: u32 = 4 << 20;
const PATIENCE: Duration = Duration::from_secs(30);

/// The status of a call and the message that came with it, if one did.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: Status,
    pub message: Bytes,
}

impl Answer {
    pub fn is_ok(&self) -> bool {
        self.status.code() == Code::Ok
    }

    /// How long the server asked to wait, when it said that trying again makes sense.
    pub fn retry_delay(&self) -> Option<Duration> {
        self.status.get_details_retry_info()?.retry_delay
    }
}

/// One HTTP/2 connection; calls may overlap.
#[derive(Clone)]
pub struct Connection {
    sender: http2::SendRequest<Full<Bytes>>,
    authority: String,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("connect to {address}"))?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .handshake(TokioIo::new(stream))
            .await?;
        // It ends with its sender or with the peer; what went wrong shows in the answers.
        tokio::spawn(async move { drop(connection.await) });
        Ok(Self { sender, authority: address.to_string() })
    }

    /// Calls `path` with `message` as it stands; `encoding` names its compression, `identity` for none.
    ///
    /// Fails when the connection broke before the status came.
    pub async fn call(&mut self, path: &str, encoding: &str, message: &[u8]) -> anyhow::Result<Answer> {
        self.call_with(path, encoding, message, &[]).await
    }

    /// As [`Self::call`], with more headers.
    pub async fn call_with(
        &mut self,
        path: &str,
        encoding: &str,
        message: &[u8],
        headers: &[(&str, &str)],
    ) -> anyhow::Result<Answer> {
        let mut request = Request::post(format!("http://{}{path}", self.authority))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        if encoding != "identity" {
            request = request.header("grpc-encoding", encoding);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(framed(message, encoding != "identity")))?;
        let exchange = async {
            self.sender.ready().await?;
            let (head, body) = self.sender.send_request(request).await?.into_parts();
            let body = body.collect().await?;
            let trailers = body.trailers().cloned().unwrap_or_default();
            let status = status(&trailers).or_else(|| status(&head.headers));
            let status = status.with_context(|| format!("HTTP {} without grpc-status", head.status))?;
            let mut message = body.to_bytes();
            anyhow::ensure!(message.is_empty() || message.len() >= 5, "a message shorter than its prefix");
            let message = message.split_off(message.len().min(5));
            anyhow::Ok(Answer { status, message })
        };
        tokio::time::timeout(PATIENCE, exchange).await.context("no answer in time")?
    }
}

/// Prefixed with the compressed flag and the length.
fn framed(message: &[u8], compressed: bool) -> Bytes {
    let mut frame = BytesMut::with_capacity(message.len() + 5);
    frame.put_u8(u8::from(compressed));
    frame.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    frame.put_slice(message);
    frame.freeze()
}

fn status(headers: &HeaderMap) -> Option<Status> {
    Status::from_header_map(headers)
}
