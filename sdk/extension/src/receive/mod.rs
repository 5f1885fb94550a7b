//! OTLP in: over HTTP and gRPC, on either port. A request is answered when it is in the spool.

mod grpc;
mod http;

use std::convert::Infallible;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::Arc;

use ::http::{Request, Response};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::house::House;
use crate::signal::{self, Signal};
use crate::spool::Encoding;

/// Of a request, on the wire and decompressed: a function's spans are kilobytes, and its memory is small.
const LARGEST: usize = 16 << 20;
/// Bodies in memory at once.
const AT_ONCE: usize = 4;
const CONNECTIONS: usize = 64;

/// Why a request was not taken. Each is another thing for the sender to do.
#[derive(Debug)]
pub enum Refusal {
    /// Fix it.
    Malformed(&'static str),
    /// Split it.
    TooLarge,
    /// Send it again.
    Full,
}

/// Takes connections until it is dropped.
pub async fn serve(listener: TcpListener, house: Arc<House>) {
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    let bodies = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let Ok(place) = Arc::clone(&connections).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // Such as no more file handles.
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (house, bodies) = (Arc::clone(&house), Arc::clone(&bodies));
        tokio::spawn(async move {
            let answer = service_fn(move |request| answer(Arc::clone(&house), Arc::clone(&bodies), request));
            // A function's process vanishes without closing: no error of anybody's.
            let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), answer).await;
            drop(place);
        });
    }
}

/// A listener, or why there is none.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|why| format!("{address}: {why}; nothing is received there"))
}

type Answer = Response<http_body_util::combinators::BoxBody<Bytes, Infallible>>;

async fn answer(house: Arc<House>, bodies: Arc<Semaphore>, request: Request<Incoming>) -> Result<Answer, Infallible> {
    let _busy = house.enter();
    // It is closed only when the process ends.
    let _place = bodies.acquire().await;
    let grpc =
        request.headers().get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"));
    Ok(if grpc { grpc::answer(&house, request).await } else { http::answer(&house, request).await })
}

async fn whole(body: Incoming) -> Result<Bytes, Refusal> {
    match Limited::new(body, LARGEST).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(why) if why.is::<LengthLimitError>() => Err(Refusal::TooLarge),
        Err(_) => Err(Refusal::Malformed("the body ended too early")),
    }
}

/// Gzip, which every sender may use.
fn unzipped(body: &[u8]) -> Result<Bytes, Refusal> {
    let mut plain = Vec::new();
    let mut reader = flate2::read::MultiGzDecoder::new(body).take(LARGEST as u64 + 1);
    reader.read_to_end(&mut plain).map_err(|_| Refusal::Malformed("the body is no gzip"))?;
    if plain.len() > LARGEST { Err(Refusal::TooLarge) } else { Ok(plain.into()) }
}

fn take(house: &House, signal: Signal, encoding: Encoding, body: &[u8]) -> Result<(), Refusal> {
    if !signal::plausible(encoding, body) {
        return Err(Refusal::Malformed("the body is no OTLP request"));
    }
    // An empty request is a success, and nothing to keep.
    if body.is_empty() {
        return Ok(());
    }
    house.take(signal, encoding, body).map_err(|_| Refusal::Full)
}

fn full(body: impl Into<Bytes>) -> http_body_util::combinators::BoxBody<Bytes, Infallible> {
    Full::new(body.into()).boxed()
}
