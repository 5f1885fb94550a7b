//! Lists: traces found, services, their operations.

use crate::money::Usd;
use crate::sampling::Sampled;
use crate::{DurationHistogram, Kind, Nanos, NodeKind, Timestamp, TraceId};

/// One page of a trace search.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TraceList {
    pub traces: Vec<TraceSummary>,
    /// Where the next page starts; `None` on the last.
    pub next: Option<Cursor>,
}

/// One trace in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceSummary {
    pub trace_id: TraceId,
    /// Of the root, or of the earliest span when no root came.
    pub root_service: String,
    pub root_platform: NodeKind,
    pub root_name: String,
    /// Whether a span without parent is here.
    pub has_root: bool,
    pub started_at: Timestamp,
    /// How long the root took: what the caller waited for.
    pub response: Nanos,
    /// From the first start to the last end.
    pub completed: Nanos,
    pub spans: u64,
    /// By first appearance.
    pub services: Vec<String>,
    pub errors: u64,
    pub faults: u64,
    pub throttles: u64,
    /// Invocations in it that began cold.
    pub cold: u64,
    /// What its invocations cost; `None` where none has a price.
    pub cost: Option<Usd>,
    /// Invocations that cannot be priced, and so are not in `cost`.
    pub unpriced: u64,
}

/// The order of a trace list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TraceSort {
    #[default]
    Newest,
    Oldest,
    Slowest,
    Fastest,
}

impl TraceSort {
    pub const ALL: [Self; 4] = [Self::Newest, Self::Oldest, Self::Slowest, Self::Fastest];

    /// The word in URLs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Oldest => "oldest",
            Self::Slowest => "slowest",
            Self::Fastest => "fastest",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.name() == name)
    }
}

/// The last row of a page: the next page holds what stands behind it, whatever arrived meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The value sorted by: start or response time, in nanoseconds.
    pub value: i64,
    pub trace_id: TraceId,
}

impl Cursor {
    /// As in URLs: `1795442602418000000-5b8e…`.
    pub fn to_text(&self) -> String {
        format!("{}-{}", self.value, self.trace_id)
    }

    pub fn from_text(text: &str) -> Option<Self> {
        let (value, trace_id) = text.split_once('-')?;
        Some(Self { value: value.parse().ok()?, trace_id: TraceId::from_hex(trace_id)? })
    }
}

/// How many requests or traces fell into each slice of time, by outcome.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TraceHistogram {
    pub bin_length: Nanos,
    /// Ascending; slices without anything are there too.
    pub bins: Vec<TimeBin>,
    /// Traces among them that stand for more.
    pub sampled: Sampled,
}

/// One slice of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TimeBin {
    pub from: Timestamp,
    pub ok: u64,
    pub errors: u64,
    pub throttles: u64,
    pub faults: u64,
}

impl TimeBin {
    pub fn count(&self) -> u64 {
        self.ok + self.errors + self.throttles + self.faults
    }
}

/// A service and how it did.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceSummary {
    pub service: String,
    pub platform: NodeKind,
    pub calls: u64,
    pub errors: u64,
    pub faults: u64,
    pub throttles: u64,
    pub durations: DurationHistogram,
}

/// A service's span name and how often and how long it ran.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    pub service: String,
    pub name: String,
    pub kind: Kind,
    pub calls: u64,
    pub errors: u64,
    pub faults: u64,
    pub throttles: u64,
    pub durations: DurationHistogram,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_from_its_text() {
        let cursor = Cursor { value: 1_795_442_602_418_000_000, trace_id: TraceId::new([7; 16]).unwrap() };
        assert_eq!(Cursor::from_text(&cursor.to_text()), Some(cursor));
        assert_eq!(Cursor::from_text("x-1"), None);
    }
}
