//! Out: what waits in the spools, to the collector, over OTLP/HTTP.
//!
//! A chunk leaves its spool when the collector took it or will never take it. Whoever is not there is left alone for a while, by the wall
//! clock, so that an environment is neither kept awake nor delayed by retries.

use std::io::Write;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::StatusCode;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::{Instant, timeout};

use crate::clock;
use crate::house::House;
use crate::settings::Settings;
use crate::signal::{ALL, Signal, merge};
use crate::spool::Encoding;
use crate::strategy::Backoff;

/// Of one request, before it is compressed.
const CHUNK: u64 = 2 << 20;
/// Shorter bodies are not worth compressing.
const PACKED_FROM: usize = 1 << 10;
/// A collector has little to say.
const ANSWER: usize = 4 << 20;
/// A connection that was not used for longer may have died while the environment was frozen.
const STALE: Duration = Duration::from_secs(20);

pub struct Exporter {
    endpoint: Option<String>,
    headers: Vec<(String, String)>,
    timeout: Duration,
    http: Option<(Http, SystemTime)>,
    backoff: Backoff,
    /// What was told on standard error already; it is told again when it changes.
    told: String,
}

/// How a send went.
enum Sent {
    Taken,
    /// It will never be taken: why.
    Refused(String),
    /// Not now: why, and how long the collector wants to be left alone.
    Away(String, Option<Duration>),
}

impl Exporter {
    pub fn new(settings: &Settings) -> Self {
        Self {
            endpoint: settings.endpoint.clone(),
            headers: settings.headers.clone(),
            timeout: settings.timeout,
            http: None,
            backoff: Backoff::default(),
            told: String::new(),
        }
    }

    /// Hands over all that waits, or as much as `within` allows; `last` tries even a collector that was away.
    pub async fn flush(&mut self, house: &House, within: Duration, last: bool) {
        let Some(endpoint) = self.endpoint.clone() else { return };
        if house.is_empty() || !(last || self.backoff.may(clock::now())) {
            return;
        }
        let http = match self.client() {
            Ok(http) => http,
            Err(why) => return self.tell(&endpoint, format!("no certificates: {why}; kept in /tmp")),
        };
        let deadline = Instant::now() + within;
        let headers = &self.headers;
        let most = self.timeout;
        // Signals go side by side, the chunks of one after one another.
        let send = |signal: Signal| {
            let sender =
                Sender { http: &http, url: format!("{endpoint}/v1/{}", signal.name()), headers, deadline, most };
            async move { sender.drain(house, signal).await }
        };
        let outcomes = futures_util::future::join_all(ALL.map(send)).await;
        let (mut away, mut refused) = (None, None);
        for outcome in outcomes {
            away = away.or(outcome.away);
            refused = refused.or(outcome.refused);
        }
        match &away {
            Some((_, asked)) => self.backoff.failed(clock::now(), *asked),
            None => self.backoff.well(),
        }
        self.tell(&endpoint, refused.or(away.map(|(why, _)| format!("{why}; kept in /tmp"))).unwrap_or_default());
        if let Some((_, used)) = &mut self.http {
            *used = clock::now();
        }
    }

    /// On standard error, once until it changes.
    fn tell(&mut self, endpoint: &str, what: String) {
        if what != self.told && !what.is_empty() {
            eprintln!("coldlight-extension: {endpoint}: {what}");
        }
        self.told = what;
    }

    /// With connections that may still be alive.
    fn client(&mut self) -> std::io::Result<Http> {
        let now = clock::now();
        let fresh = |used: &SystemTime| clock::since(*used, now) < STALE;
        if let Some((http, _)) = self.http.as_ref().filter(|(_, used)| fresh(used)) {
            return Ok(http.clone());
        }
        let https = self.endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("https:"));
        let http = Http::new(https)?;
        self.http = Some((http.clone(), now));
        Ok(http)
    }
}

struct Sender<'a> {
    http: &'a Http,
    url: String,
    headers: &'a [(String, String)],
    deadline: Instant,
    most: Duration,
}

#[derive(Default)]
struct Outcome {
    away: Option<(String, Option<Duration>)>,
    refused: Option<String>,
}

impl Sender<'_> {
    async fn drain(&self, house: &House, signal: Signal) -> Outcome {
        let mut outcome = Outcome::default();
        while let Some(outgoing) = house.next(signal, CHUNK) {
            let encoding = outgoing.chunk.encoding.unwrap_or(Encoding::Protobuf);
            let bodies = &outgoing.chunk.bodies;
            let lost = match self.send(encoding, merge(signal, encoding, bodies)).await {
                Sent::Taken => 0,
                Sent::Away(why, asked) => {
                    outcome.away = Some((why, asked));
                    break;
                }
                Sent::Refused(why) if bodies.len() == 1 => {
                    outcome.refused = Some(format!("refused {}: {why}", signal.name()));
                    1
                }
                // One bad request must not cost the others.
                Sent::Refused(_) => match self.one_by_one(signal, encoding, bodies, &mut outcome).await {
                    Some(lost) => lost,
                    None => break,
                },
            };
            if !house.done(signal, &outgoing, lost) {
                break;
            }
        }
        outcome
    }

    /// How many were refused; `None` when the collector went away.
    async fn one_by_one(
        &self,
        signal: Signal,
        encoding: Encoding,
        bodies: &[Bytes],
        outcome: &mut Outcome,
    ) -> Option<u64> {
        let mut lost = 0;
        for body in bodies {
            match self.send(encoding, body.clone()).await {
                Sent::Taken => {}
                Sent::Refused(why) => {
                    outcome.refused = Some(format!("refused {}: {why}", signal.name()));
                    lost += 1;
                }
                Sent::Away(why, asked) => {
                    outcome.away = Some((why, asked));
                    return None;
                }
            }
        }
        Some(lost)
    }

    async fn send(&self, encoding: Encoding, body: Bytes) -> Sent {
        let left = self.deadline.saturating_duration_since(Instant::now()).min(self.most);
        if left.is_zero() {
            return Sent::Away("no time is left".to_owned(), Some(Duration::ZERO));
        }
        let kind = match encoding {
            Encoding::Protobuf => "application/x-protobuf",
            Encoding::Json => "application/json",
        };
        let mut request = http::Request::post(&self.url).header("content-type", kind);
        request = request.header("user-agent", concat!("coldlight-extension/", env!("CARGO_PKG_VERSION")));
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let packed = Some(&body).filter(|body| body.len() >= PACKED_FROM).and_then(|body| gzip(body).ok());
        if packed.is_some() {
            request = request.header("content-encoding", "gzip");
        }
        let request = match request.body(Full::new(packed.unwrap_or(body))) {
            Ok(request) => request,
            Err(why) => return Sent::Away(format!("not an address or not a header: {why}"), None),
        };
        match timeout(left, self.exchange(request)).await {
            Ok(sent) => sent,
            Err(_) => Sent::Away(format!("did not answer within {left:?}"), None),
        }
    }

    async fn exchange(&self, request: http::Request<Full<Bytes>>) -> Sent {
        let answer = match self.http.request(request).await {
            Ok(answer) => answer,
            Err(why) => {
                let source = std::error::Error::source(&why).map(|inner| format!(": {inner}")).unwrap_or_default();
                return Sent::Away(format!("{why}{source}"), None);
            }
        };
        let (head, body) = answer.into_parts();
        // Read to its end, so that the connection can be used again.
        let body = Limited::new(body, ANSWER).collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let asked = head.headers.get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let why = || {
            let words: String = String::from_utf8_lossy(&body).chars().filter(|c| !c.is_control()).take(200).collect();
            format!("{} {words}", head.status)
        };
        match head.status {
            status if status.is_success() => Sent::Taken,
            // These speak of the request; all others of the place, the key or the moment.
            StatusCode::BAD_REQUEST
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::UNPROCESSABLE_ENTITY => Sent::Refused(why()),
            _ => Sent::Away(why(), asked.map(Duration::from_secs)),
        }
    }
}

fn gzip(body: &[u8]) -> std::io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body)?;
    Ok(encoder.finish()?.into())
}

/// Plain, or with TLS: then the system's certificates are read, which takes milliseconds, so only where it is needed.
#[derive(Clone)]
enum Http {
    Plain(Client<HttpConnector, Full<Bytes>>),
    Tls(Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
}

impl Http {
    fn new(https: bool) -> std::io::Result<Self> {
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new());
        if !https {
            return Ok(Self::Plain(builder.build(HttpConnector::new())));
        }
        let connector = HttpsConnectorBuilder::new().with_native_roots()?.https_only().enable_http1().build();
        Ok(Self::Tls(builder.build(connector)))
    }

    async fn request(&self, request: http::Request<Full<Bytes>>) -> Result<http::Response<Incoming>, Error> {
        match self {
            Self::Plain(client) => client.request(request).await,
            Self::Tls(client) => client.request(request).await,
        }
    }
}
