//! Connections in: accepted, limited, served, and let go.
//!
//! An own loop because the ready-made ones end at the first accept error, know no limits, and cannot drain.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::connections::{Connections, Leisure, Member};
use crate::settings::Settings;

/// How long nothing is accepted after an error: descriptors or memory that ran out come back by themselves.
const AFTER_ERROR: Duration = Duration::from_millis(50);

/// How long a connection that is asked to leave, and has no request in flight, gets to read that it should (HTTP/2's
/// GOAWAY). One that stopped in the middle of its headers would never go by itself.
const FAREWELL: Duration = Duration::from_millis(200);

/// Where connections come from.
pub(crate) enum Listener {
    Tcp(TcpListener),
    /// A listener that fails as often as a test says before it works.
    #[cfg(test)]
    Failing(TcpListener, std::sync::atomic::AtomicU32),
}

impl Listener {
    async fn accept(&self) -> io::Result<TcpStream> {
        match self {
            Self::Tcp(listener) => listener.accept().await.map(|(stream, _)| stream),
            #[cfg(test)]
            Self::Failing(listener, failures) => {
                use std::sync::atomic::Ordering;
                if failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                    // EMFILE
                    return Err(io::Error::from_raw_os_error(24));
                }
                listener.accept().await.map(|(stream, _)| stream)
            }
        }
    }
}

/// Serves with `handler` until `stop`, then lets requests in flight end within the drain time.
pub(crate) async fn serve<H, F, B>(
    listener: Listener,
    stop: CancellationToken,
    settings: &Settings,
    handler: H,
) -> io::Result<()>
where
    H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let connections = Connections::new(settings.max_connections);
    let tasks = TaskTracker::new();
    let drained = CancellationToken::new();
    let builder = Arc::new(builder());
    let leisure = Leisure { first: settings.first_request_wait, later: settings.idle_wait };
    loop {
        let accepted = async {
            connections.room().await;
            listener.accept().await
        };
        let stream = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accepted => accepted,
        };
        match stream {
            Ok(stream) => {
                let serving = Serving {
                    builder: builder.clone(),
                    member: connections.add(),
                    leisure,
                    aged: Instant::now() + settings.max_connection_age,
                    stop: stop.clone(),
                    drained: drained.clone(),
                };
                tasks.spawn(serving.run(stream, handler.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection");
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = sleep(AFTER_ERROR) => {}
                }
            }
        }
    }
    // No new connections from here on, and the port is free.
    drop(listener);
    tasks.close();
    if timeout(settings.drain_wait, tasks.wait()).await.is_err() {
        tracing::warn!(connections = tasks.len(), "closing connections whose requests did not end in time");
        drained.cancel();
        tasks.wait().await;
    }
    Ok(())
}

/// One connection being served.
struct Serving {
    builder: Arc<Builder<TokioExecutor>>,
    member: Member,
    leisure: Leisure,
    /// When it is asked to be made anew.
    aged: Instant,
    stop: CancellationToken,
    /// Cancelled when requests in flight had their time.
    drained: CancellationToken,
}

impl Serving {
    async fn run<H, F, B>(self, stream: TcpStream, handler: H)
    where
        H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<B>> + Send + 'static,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        // Answers are small: waiting to fill a packet would only delay them. A socket without it still works.
        let _ = stream.set_nodelay(true);
        let state = self.member.connection.clone();
        let service = service_fn(move |request| {
            let in_flight = state.request();
            let answer = handler(request);
            async move {
                let answer = answer.await;
                drop(in_flight);
                Ok::<_, Infallible>(answer)
            }
        });
        let connection = self.builder.serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        let mut leaving = false;
        loop {
            // Looked at again when the time it may do nothing could have ended.
            let look_again = match self.member.connection.idle_until(self.leisure) {
                _ if leaving => Instant::now() + FAREWELL,
                Some(idle_until) => idle_until,
                None => Instant::now() + self.leisure.first,
            };
            tokio::select! {
                // A sender that vanished or broke the protocol is no news.
                _ = connection.as_mut() => return,
                () = self.drained.cancelled() => return,
                () = self.should_leave(), if !leaving => {
                    leaving = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = sleep_until(look_again) => {
                    let idle_until = self.member.connection.idle_until(self.leisure);
                    let is_over = idle_until.is_some_and(|until| leaving || until <= Instant::now());
                    if is_over && leaving {
                        return;
                    }
                    if is_over {
                        leaving = true;
                        connection.as_mut().graceful_shutdown();
                    }
                }
            }
        }
    }

    /// Returns when the program stops, when this connection is old, or when another one needs its place.
    async fn should_leave(&self) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = sleep_until(self.aged) => {}
            () = self.member.connection.leave.cancelled() => {}
        }
    }
}

/// HTTP/1.1 and HTTP/2 with their limits.
fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // How long a connection may do nothing is watched above, for both protocols: this one would also end the pause
        // between two requests.
        .header_read_timeout(None)
        .max_buf_size(64 << 10);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(64)
        .max_header_list_size(16 << 10)
        // What may arrive unread while a request waits for room.
        .initial_stream_window_size(128 << 10)
        .initial_connection_window_size(1 << 20)
        // The limits against floods of resets, as h2 has them.
        .max_pending_accept_reset_streams(20)
        .max_local_error_reset_streams(1024)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(10));
    builder
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::Full;
    use std::sync::atomic::AtomicU32;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn hello(_: Request<Incoming>) -> Response<Full<Bytes>> {
        Response::new(Full::from("hello"))
    }

    async fn ask(address: std::net::SocketAddr) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    fn start(
        settings: Settings,
        failures: u32,
        listener: TcpListener,
    ) -> (CancellationToken, tokio::task::JoinHandle<io::Result<()>>) {
        let stop = CancellationToken::new();
        let task = tokio::spawn({
            let stop = stop.clone();
            async move { serve(Listener::Failing(listener, AtomicU32::new(failures)), stop, &settings, hello).await }
        });
        (stop, task)
    }

    #[tokio::test]
    async fn running_out_of_descriptors_does_not_end_the_loop() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, task) = start(Settings::default(), 3, listener);
        let started = std::time::Instant::now();
        assert!(ask(address).await.ends_with("hello"));
        assert!(started.elapsed() >= 3 * AFTER_ERROR);
        stop.cancel();
        task.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn idle_connections_make_way_for_new_ones() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, task) = start(Settings { max_connections: 4, ..Settings::default() }, 0, listener);
        let mut idle = Vec::new();
        for _ in 0..20 {
            idle.push(TcpStream::connect(address).await.unwrap());
        }
        let answer = timeout(Duration::from_secs(5), ask(address)).await.expect("an answer in time");
        assert!(answer.ends_with("hello"));
        stop.cancel();
        task.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_connection_without_a_request_is_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let settings = Settings { first_request_wait: Duration::from_millis(100), ..Settings::default() };
        let (stop, task) = start(settings, 0, listener);
        for head in [&b""[..], b"POST /v1/tra", b"PRI * HTTP/2.0\r\n"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(head).await.unwrap();
            let closed = timeout(Duration::from_secs(5), stream.read(&mut [0; 64])).await.expect("closed in time");
            assert!(matches!(closed, Ok(0) | Err(_)), "{closed:?}");
        }
        stop.cancel();
        task.await.unwrap().unwrap();
    }
}
