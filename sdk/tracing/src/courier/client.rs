//! The HTTP client of the exporter: small, on hyper, one connection kept open, thrown away after a long sleep.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use opentelemetry_http::{HttpClient, HttpError};

use crate::clock;

/// The status of the last answer; 0 when none came. The exporter itself tells failures apart in words only.
#[derive(Clone, Debug, Default)]
pub(super) struct LastStatus(Arc<AtomicU16>);

impl LastStatus {
    /// Whether sending the same again cannot help: refused as such, and not for want of time or room.
    pub(super) fn is_final(&self) -> bool {
        let status = self.0.load(Ordering::Relaxed);
        (400..500).contains(&status) && !matches!(status, 401 | 403 | 404 | 408 | 425 | 429)
    }
}

/// An answer to OTLP is a few bytes.
const LARGEST: usize = 4 << 20;

/// After this long by the wall clock (which goes on while a function is frozen), a kept connection is likely dead without our
/// having been told: load balancers and gateways close idle ones after a minute.
const SLEEP: Duration = Duration::from_secs(50);

#[cfg(feature = "tls")]
type Connector = hyper_rustls::HttpsConnector<HttpConnector>;
#[cfg(not(feature = "tls"))]
type Connector = HttpConnector;

#[derive(Debug)]
pub(super) struct Sender {
    connector: Connector,
    kept: Mutex<Kept>,
    status: LastStatus,
}

#[derive(Debug)]
struct Kept {
    client: Client<Connector, Full<Bytes>>,
    used: SystemTime,
}

impl Sender {
    /// Fails with the reason when `https` is asked for and cannot be had.
    pub(super) fn new(https: bool, status: LastStatus) -> Result<Self, String> {
        let connector = connector(https)?;
        let kept = Kept { client: client(&connector), used: clock::now() };
        Ok(Self { connector, kept: Mutex::new(kept), status })
    }

    fn client(&self) -> Client<Connector, Full<Bytes>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::now();
        if now.duration_since(kept.used).is_ok_and(|slept| slept > SLEEP) {
            kept.client = client(&self.connector);
        }
        kept.used = now;
        kept.client.clone()
    }
}

fn client(connector: &Connector) -> Client<Connector, Full<Bytes>> {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_max_idle_per_host(1)
        .build(connector.clone())
}

fn plain() -> HttpConnector {
    let mut http = HttpConnector::new();
    http.set_nodelay(true);
    http.enforce_http(false);
    http
}

#[cfg(feature = "tls")]
fn connector(https: bool) -> Result<Connector, String> {
    let builder = hyper_rustls::HttpsConnectorBuilder::new();
    // Certificates are read only where they are needed: it takes milliseconds.
    let builder = if https {
        builder.with_native_roots().map_err(|why| format!("no certificates of this system: {why}"))?
    } else {
        let none = rustls::RootCertStore::empty();
        builder.with_tls_config(rustls::ClientConfig::builder().with_root_certificates(none).with_no_client_auth())
    };
    Ok(builder.https_or_http().enable_http1().wrap_connector(plain()))
}

#[cfg(not(feature = "tls"))]
fn connector(https: bool) -> Result<Connector, String> {
    if https {
        return Err("https needs the feature `tls` of coldlight-tracing".to_owned());
    }
    Ok(plain())
}

#[async_trait::async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        self.status.0.store(0, Ordering::Relaxed);
        let response = self.client().request(request.map(Full::new)).await?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, LARGEST).collect().await?.to_bytes();
        self.status.0.store(head.status.as_u16(), Ordering::Relaxed);
        Ok(Response::from_parts(head, body))
    }
}
