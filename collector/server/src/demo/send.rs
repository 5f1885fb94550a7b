//! Sends a request the way it was recorded: gRPC or HTTP, packed or not, with its length said beforehand or in chunks.

use std::convert::Infallible;
use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::stream;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::Frame;
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::recording::Recording;
use crate::client::{ClientError, Server};

const WAIT: Duration = Duration::from_secs(10);
/// Answers to OTLP are a few bytes.
const MAX_ANSWER: usize = 1 << 20;
/// A recorded chunked request arrives in pieces about this long.
const CHUNK: usize = 1_024;

/// Our own OTLP ports, and what to show them.
#[derive(Clone, Debug)]
pub struct Sender {
    pub grpc: Option<SocketAddr>,
    pub http: Option<SocketAddr>,
    /// The bearer token to send with, if one is asked for.
    pub secret: Option<String>,
}

/// Why a request was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("nothing listens for OTLP over {0}")]
    Off(String),
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Try again after this long.
    #[error("asked to wait {} s", .0.as_secs())]
    Wait(Duration),
    #[error("refused with {0}")]
    Refused(String),
}

impl Sender {
    /// Sends `request`; when asked to wait, waits and tries again, a few times.
    pub async fn send(&self, request: &Recording) -> Result<(), SendError> {
        const TRIES: usize = 5;
        for _ in 1..TRIES {
            match self.try_send(request).await {
                Err(SendError::Wait(wait)) => tokio::time::sleep(wait).await,
                outcome => return outcome,
            }
        }
        self.try_send(request).await
    }

    async fn try_send(&self, request: &Recording) -> Result<(), SendError> {
        let is_grpc = request.sent.transport == "grpc";
        let address = if is_grpc { self.grpc } else { self.http };
        let server = Server::at(address.ok_or_else(|| SendError::Off(request.sent.transport.clone()))?);
        let packed = request.sent.encoding == "gzip";
        let body = if packed { zip(&request.body) } else { request.body.clone() };
        let exchange = async {
            if is_grpc {
                self.call(&server, request, frame(&body, packed)).await
            } else {
                self.post(&server, request, body).await
            }
        };
        match tokio::time::timeout(WAIT, exchange).await {
            Ok(outcome) => outcome,
            Err(_) => Err(SendError::Refused(format!("no answer within {} s", WAIT.as_secs()))),
        }
    }

    fn headed(&self, server: &Server, request: &Recording, uri: &str) -> http::request::Builder {
        let mut builder = Request::builder()
            .method(Method::POST)
            .uri(uri)
            .header(header::CONTENT_TYPE, &request.sent.content_type)
            .header(header::USER_AGENT, concat!("coldlight-demo/", env!("CARGO_PKG_VERSION")));
        if request.sent.transport != "grpc" {
            builder = builder.header(header::HOST, server.authority());
        }
        if let Some(secret) = &self.secret {
            builder = builder.header(header::AUTHORIZATION, format!("Bearer {secret}"));
        }
        builder
    }

    async fn post(&self, server: &Server, request: &Recording, body: Bytes) -> Result<(), SendError> {
        let mut builder = self.headed(server, request, &request.sent.path);
        if request.sent.encoding == "gzip" {
            builder = builder.header(header::CONTENT_ENCODING, "gzip");
        }
        let body: BoxBody<Bytes, Infallible> =
            if request.sent.chunked { chunked(body) } else { Full::new(body).boxed() };
        let request = builder.body(body).map_err(|error| SendError::Refused(error.to_string()))?;
        let io = TokioIo::new(server.connect().await?);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.map_err(refused)?;
        let connection = tokio::spawn(connection);
        let answer = sender.send_request(request).await.map_err(refused)?;
        let (parts, body) = answer.into_parts();
        let _ = Limited::new(body, MAX_ANSWER).collect().await;
        connection.abort();
        match parts.status {
            status if status.is_success() => Ok(()),
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                Err(SendError::Wait(asked(&parts.headers)))
            }
            status => Err(SendError::Refused(status.to_string())),
        }
    }

    async fn call(&self, server: &Server, request: &Recording, body: Bytes) -> Result<(), SendError> {
        let uri = format!("http://{}{}", server.authority(), request.sent.path);
        let mut builder = self.headed(server, request, &uri).header(header::TE, "trailers");
        if request.sent.encoding == "gzip" {
            builder = builder.header("grpc-encoding", "gzip");
        }
        let request = builder.body(Full::new(body)).map_err(|error| SendError::Refused(error.to_string()))?;
        let io = TokioIo::new(server.connect().await?);
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.map_err(refused)?;
        let connection = tokio::spawn(connection);
        let answer = sender.send_request(request).await.map_err(refused)?;
        let (parts, body) = answer.into_parts();
        let collected = Limited::new(body, MAX_ANSWER).collect().await;
        connection.abort();
        let trailers = collected.ok().and_then(|collected| collected.trailers().cloned());
        let status = trailers.iter().chain([&parts.headers]).find_map(|headers| headers.get("grpc-status"));
        match status.map(http::HeaderValue::as_bytes) {
            Some(b"0") => Ok(()),
            Some(b"14" | b"8") => Err(SendError::Wait(Duration::from_secs(1))),
            Some(code) => Err(SendError::Refused(format!("gRPC status {}", String::from_utf8_lossy(code)))),
            None => Err(SendError::Refused(format!("{} without a gRPC status", parts.status))),
        }
    }
}

fn refused(error: hyper::Error) -> SendError {
    SendError::Refused(error.to_string())
}

/// `Retry-After` in seconds, held to what makes sense here.
fn asked(headers: &HeaderMap) -> Duration {
    let seconds = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(1);
    Duration::from_secs(u64::clamp(seconds, 1, 10))
}

/// gRPC's frame: whether it is packed, how long it is, and the message.
fn frame(message: &Bytes, packed: bool) -> Bytes {
    let mut framed = BytesMut::with_capacity(message.len() + 5);
    framed.put_u8(packed.into());
    framed.put_u32(u32::try_from(message.len()).expect("recordings are small"));
    framed.put_slice(message);
    framed.freeze()
}

fn zip(body: &[u8]) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    // A Vec takes whatever is written to it.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default().into()
}

fn chunked(body: Bytes) -> BoxBody<Bytes, Infallible> {
    let pieces: Vec<_> =
        (0..body.len()).step_by(CHUNK).map(|at| Ok(Frame::data(body.slice(at..body.len().min(at + CHUNK))))).collect();
    StreamBody::new(stream::iter(pieces)).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn a_frame_says_how_it_is_packed_and_how_long_it_is() {
        assert_eq!(&frame(&Bytes::from_static(b"abc"), true)[..], b"\x01\0\0\0\x03abc");
    }

    #[test]
    fn what_is_packed_unpacks() {
        let mut text = String::new();
        flate2::read::GzDecoder::new(&zip(b"some text")[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text, "some text");
    }

    #[tokio::test]
    async fn chunks_add_up_to_the_body() {
        let body = Bytes::from(vec![7; 3 * CHUNK + 5]);
        assert_eq!(chunked(body.clone()).collect().await.unwrap().to_bytes(), body);
    }
}
