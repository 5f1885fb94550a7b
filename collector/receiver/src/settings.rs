//! What an operator may decide about receiving. The defaults are the promises of the documentation.

use std::time::Duration;

const MIB: usize = 1024 * 1024;

/// Limits and allowances; plain values, checked by whoever fills them.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The largest request body, after decompression. OTLP 1.11 recommends 64 MiB.
    pub max_body_bytes: usize,
    /// The most memory one request may take once decoded, estimated before decoding. Never more than `in_flight_bytes`.
    pub max_decoded_bytes: usize,
    /// The most memory that all requests together may take once decoded. Their bodies may take a quarter on top
    /// (or one largest body, whichever is more).
    pub in_flight_bytes: usize,
    /// How long a request waits for room before it is refused, its body unread.
    pub room_wait: Duration,
    /// Hosts that OTLP/HTTP may be addressed by, such as `localhost`; `None` takes any.
    /// For a loopback bind: a web page must not reach it through a name that resolves to this machine.
    pub allowed_hosts: Option<Vec<String>>,
    /// Origins whose pages may send OTLP/HTTP, such as `https://shop.example`. Empty: none.
    pub cors_origins: Vec<String>,
    /// Connections per listener. When all are taken the longest idle one makes way.
    pub max_connections: usize,
    /// How long a new connection may take until its first request's headers are complete.
    pub first_request_wait: Duration,
    /// How long a connection may stay without a request. Over a minute: metrics are sent every 60 s by default, and a
    /// connection that closes just then costs a sender that does not retry its request.
    pub idle_wait: Duration,
    /// The longest pause within a body.
    pub body_pause: Duration,
    /// The longest a body may take altogether.
    pub body_wait: Duration,
    /// When a connection is asked to be made anew, so that load spreads after a restart.
    pub max_connection_age: Duration,
    /// How long a stop waits for requests in flight.
    pub drain_wait: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_body_bytes: 64 * MIB,
            max_decoded_bytes: 512 * MIB,
            in_flight_bytes: 512 * MIB,
            room_wait: Duration::from_secs(3),
            allowed_hosts: None,
            cors_origins: Vec::new(),
            max_connections: 1024,
            first_request_wait: Duration::from_secs(10),
            idle_wait: Duration::from_secs(75),
            body_pause: Duration::from_secs(10),
            body_wait: Duration::from_secs(30),
            max_connection_age: Duration::from_secs(3600),
            drain_wait: Duration::from_secs(8),
        }
    }
}
