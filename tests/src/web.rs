//! HTTP/1.1 as a sender or a browser speaks it, with nothing added: what a story does not set is not sent.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Longer than any exporter waits.
const PATIENCE: Duration = Duration::from_secs(30);

pub type Body = BoxBody<Bytes, std::convert::Infallible>;

/// Sent with its length.
pub fn whole(body: impl Into<Bytes>) -> Body {
    Full::new(body.into()).boxed()
}

/// Sent with `Transfer-Encoding: chunked`, the first ten bytes in a chunk of their own, as the JavaScript exporters do it.
pub fn chunked(body: impl Into<Bytes>) -> Body {
    let mut rest: Bytes = body.into();
    let head = rest.split_to(rest.len().min(10));
    let chunks = [head, rest].into_iter().filter(|chunk| !chunk.is_empty()).map(|chunk| Ok(Frame::data(chunk)));
    StreamBody::new(stream::iter(chunks.collect::<Vec<_>>())).boxed()
}

/// What came back, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Panics when the body is no JSON, and shows it.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(why) => panic!("{why}: {} {}", self.status, self.text()),
        }
    }
}

/// One connection, kept alive between requests.
pub struct Connection {
    sender: http1::SendRequest<Body>,
    host: String,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("connect to {address}"))?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // It ends with its sender or with the peer; what went wrong shows in the answers.
        tokio::spawn(async move { drop(connection.await) });
        Ok(Self { sender, host: address.to_string() })
    }

    /// Sets `Host` unless the request has one. Fails when no whole answer came.
    pub async fn send(&mut self, mut request: Request<Body>) -> anyhow::Result<Answer> {
        if !request.headers().contains_key("host") {
            request.headers_mut().insert("host", self.host.parse()?);
        }
        let exchange = async {
            self.sender.ready().await?;
            let (head, body) = self.sender.send_request(request).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            anyhow::Ok(Answer { status: head.status, headers: head.headers, body })
        };
        tokio::time::timeout(PATIENCE, exchange).await.context("no answer in time")?
    }
}

/// One request over a connection of its own.
pub async fn send(address: SocketAddr, request: Request<Body>) -> anyhow::Result<Answer> {
    Connection::open(address).await?.send(request).await
}

/// The status of one request; its body, which may be a stream without an end, is not read.
pub async fn head(address: SocketAddr, mut request: Request<Body>) -> anyhow::Result<StatusCode> {
    let mut connection = Connection::open(address).await?;
    if !request.headers().contains_key("host") {
        request.headers_mut().insert("host", connection.host.parse()?);
    }
    let answer = tokio::time::timeout(PATIENCE, connection.sender.send_request(request))
        .await
        .context("no answer in time")??;
    Ok(answer.status())
}

/// A request in one line; headers as pairs.
pub fn request(method: Method, path: &str, headers: &[(&str, &str)], body: Body) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body).unwrap_or_else(|why| panic!("{path}: {why}"))
}
