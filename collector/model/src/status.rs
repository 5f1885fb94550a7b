//! How coldlight itself is doing: the status page, `/readyz` and `/metrics` show these numbers.

use crate::{BusyReason, Nanos, Timestamp};

/// An address the program listens on.
#[derive(Clone, Debug, PartialEq)]
pub struct Listening {
    /// `otlp-grpc`, `otlp-http` or `http`.
    pub name: &'static str,
    pub address: std::net::SocketAddr,
}

/// What came in since the start. received = admitted + rejected; refused requests were never counted as received.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReceiverCounts {
    /// Acknowledged ones.
    pub requests: u64,
    /// Of them, as they came over the wire: before decompression.
    pub bytes: u64,
    /// Received: admitted and rejected ones.
    pub spans: u64,
    pub spans_rejected: u64,
    pub logs: u64,
    pub logs_rejected: u64,
    pub metric_points: u64,
    /// Of them, kept because our own pages use them.
    pub metric_points_kept: u64,
    pub secrets_redacted: u64,
    /// Requests answered with an error, by reason.
    pub refusals: Vec<RefusalCount>,
    pub in_flight_bytes: u64,
    pub in_flight_limit: u64,
}

/// How often requests were turned away for one reason, such as `malformed`, `too large`, `journal full`.
#[derive(Clone, Debug, PartialEq)]
pub struct RefusalCount {
    pub reason: &'static str,
    pub count: u64,
}

/// What the store holds and how far it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoreStatus {
    /// Why nothing is taken just now, if so.
    pub busy: Option<BusyReason>,
    pub spans: u64,
    pub logs: u64,
    pub metric_points: u64,
    pub resources: u64,
    /// Spans that came again and were dropped, since the start.
    pub duplicates: u64,
    /// Spans written since the start, and in the last full minute per second.
    pub spans_written: u64,
    pub spans_written_per_s: f64,
    /// Acknowledged, not yet visible: how many batches and how old the oldest is.
    pub waiting_batches: u64,
    pub waiting_age: Nanos,
    /// Acknowledged to visible, 95 % of the recent commits.
    pub freshness_p95: Nanos,
    pub journal_bytes: u64,
    pub journal_limit: u64,
    pub journal_segments: u64,
    pub database_bytes: u64,
    pub wal_bytes: u64,
    pub disk_free_bytes: u64,
    pub disk_reserve_bytes: u64,
    pub newest_span_at: Option<Timestamp>,
    pub oldest_span_at: Option<Timestamp>,
    pub retain: Nanos,
    pub retain_bytes: u64,
    /// Rows that retention removed since the start.
    pub dropped_by_retention: u64,
    pub last_checkpoint_at: Option<Timestamp>,
    /// How often the database was reopened after a fatal error.
    pub reopened: u64,
    /// Damaged files put aside at the start, by name.
    pub quarantined: Vec<String>,
}
