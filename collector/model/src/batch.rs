//! What one request brought, once admitted; and why a request may have to wait.

use crate::{LogRecord, MetricPoint, Resource, Scope, Span, Timestamp};

/// The content of one accepted request. Spans, logs and metrics point into `resources` and `scopes` by index.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// When the receiver took it. Part of the journal's record, so that a replay after a crash keeps it.
    pub received_at: Timestamp,
    pub resources: Vec<Resource>,
    pub scopes: Vec<Scope>,
    pub spans: Vec<Span>,
    pub logs: Vec<LogRecord>,
    pub metrics: Vec<MetricPoint>,
}

impl Batch {
    /// Whether everything points at a resource and a scope that are there. The receiver makes no other batches; what reads
    /// them back from a disk asks first.
    pub fn is_whole(&self) -> bool {
        let resource = |index: u32| (index as usize) < self.resources.len();
        let scope = |index: u32| (index as usize) < self.scopes.len();
        self.spans.iter().all(|span| resource(span.resource) && scope(span.scope))
            && self.logs.iter().all(|log| resource(log.resource) && scope(log.scope))
            && self.metrics.iter().all(|point| resource(point.resource))
    }

    /// Nothing worth keeping: such a request is acknowledged without touching the disk.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty() && self.logs.is_empty() && self.metrics.is_empty()
    }
}

/// Nothing was taken; the sender should try again after a while. The only transient refusal there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy {
    pub reason: BusyReason,
    /// Seconds, 1 to 5: longer would outlast the exporters' own deadlines.
    pub retry_after_s: u32,
}

/// Why nothing can be taken just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BusyReason {
    /// More is in flight than memory allows.
    MemoryFull,
    /// The journal is at its size limit: the store is behind.
    JournalFull,
    /// Free disk space is down to the reserve.
    DiskLow,
    /// A sync failed; nothing is accepted until the journal is reopened.
    JournalFailed,
    /// The database is being reopened.
    Reopening,
    /// The program is shutting down.
    Draining,
}

impl BusyReason {
    pub const ALL: [Self; 6] =
        [Self::MemoryFull, Self::JournalFull, Self::DiskLow, Self::JournalFailed, Self::Reopening, Self::Draining];

    /// As shown to senders, in metrics (with `_` for spaces) and on the status page.
    pub fn name(self) -> &'static str {
        match self {
            Self::MemoryFull => "memory full",
            Self::JournalFull => "journal full",
            Self::DiskLow => "disk low",
            Self::JournalFailed => "journal failed",
            Self::Reopening => "reopening",
            Self::Draining => "draining",
        }
    }
}
