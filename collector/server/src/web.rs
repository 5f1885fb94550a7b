//! The accept loop of the pages and the API: how many connections, how long a header may take, and how it ends.
//!
//! Ours rather than axum's own because of the limits, and because a failing `accept` must never end the program.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Browsers hold six connections each; event streams hold theirs open.
const MAX_CONNECTIONS: usize = 1_024;
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_STREAMS: u32 = 64;
const MAX_HEADER_BYTES: u32 = 16 << 10;
/// After `accept` failed (too many open files, a connection gone before it was taken).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long requests in flight may take to finish once we stop.
pub const DRAIN: Duration = Duration::from_secs(5);

/// Who sent a request: put beside it for the routes.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Serves `router` until `stop`, then finishes what is in flight, for at most [`DRAIN`].
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) -> io::Result<()> {
    let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).max_headers(64);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADER_BYTES)
        .keep_alive_interval(Duration::from_secs(30));
    loop {
        let place = tokio::select! {
            place = connections.clone().acquire_owned() => place.map_err(io::Error::other)?,
            () = stop.cancelled() => break,
        };
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            () = stop.cancelled() => break,
        };
        // Small answers should leave at once; a socket that refuses the option still works.
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer));
            let answer = router.clone().oneshot(request.map(axum::body::Body::new));
            async move { Ok::<Response<axum::body::Body>, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
        });
        let connection = graceful.watch(builder.serve_connection(TokioIo::new(stream), service).into_owned());
        tokio::spawn(async move {
            let _place = place;
            if let Err(error) = connection.await {
                // Browsers hang up all the time; that is no event.
                tracing::debug!(error, %peer, "a connection ended early");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests took too long to finish and were cut off");
    }
    Ok(())
}
