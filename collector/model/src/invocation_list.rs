//! Answers about invocations: a page of them, and how groups of them did and what they cost.

use crate::lambda::{CostState, InvocationOutcome, StartKind};
use crate::money::{Cost, Usd};
use crate::{Nanos, SpanId, Timestamp, TraceId};

/// One page of a search for invocations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InvocationList {
    pub invocations: Vec<InvocationSummary>,
    /// Where the next page starts; `None` on the last.
    pub next: Option<InvocationCursor>,
}

/// One attempt of an invocation. `None` is: nobody said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InvocationSummary {
    pub request_id: String,
    pub started_at: Timestamp,
    pub trace_id: Option<TraceId>,
    pub span_id: Option<SpanId>,
    pub service: String,
    pub function: Option<String>,
    pub version: Option<String>,
    pub region: Option<String>,
    /// `x86_64` or `arm64`; unknown is priced as x86_64, AWS's default.
    pub architecture: Option<String>,
    pub runtime: Option<String>,
    pub trigger: Option<String>,
    pub tenant: Option<String>,
    pub memory_mb: Option<u64>,
    pub max_memory_mb: Option<u64>,
    /// Of `/tmp`; its size is not in telemetry unless the resource says it.
    pub storage_mb: Option<u64>,
    /// Of the response.
    pub produced_bytes: Option<u64>,
    pub start: Option<StartKind>,
    /// Nobody said how it began: it follows from whether its environment was seen before.
    pub start_inferred: bool,
    pub init: Option<Nanos>,
    pub suppressed_init: Option<Nanos>,
    pub restore: Option<Nanos>,
    pub felt_wait: Option<Nanos>,
    pub duration: Option<Nanos>,
    pub billed_ms: Option<u64>,
    pub response_latency: Option<Nanos>,
    pub runtime_overhead: Option<Nanos>,
    pub extension_overhead: Option<Nanos>,
    pub outcome: InvocationOutcome,
    pub error_type: Option<String>,
    pub cost_state: CostState,
    pub cost: InvocationCost,
}

impl InvocationSummary {
    /// What it is listed under: the function, or the service where no function is named.
    pub fn function_name(&self) -> &str {
        self.function.as_deref().unwrap_or(&self.service)
    }
}

/// What an invocation cost as SQL computed it, exact, and the arithmetic that gives the same. `None` is unknown, never free.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InvocationCost {
    pub requests: Option<Usd>,
    pub duration: Option<Usd>,
    /// A part of `duration`.
    pub init: Option<Usd>,
    /// `/tmp` above 512 MB, and a streamed response above 6 MiB.
    pub storage: Option<Usd>,
    pub streamed: Option<Usd>,
    pub restore: Option<Usd>,
    pub total: Option<Usd>,
    /// Formulas with the prices they used; `None` where region or memory is not known.
    pub explained: Option<Cost>,
}

/// The order of a list of invocations; what has no such value comes last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum InvocationSort {
    #[default]
    Newest,
    Oldest,
    Slowest,
    /// The longest init or restore first.
    Coldest,
    Dearest,
}

impl InvocationSort {
    pub const ALL: [Self; 5] = [Self::Newest, Self::Oldest, Self::Slowest, Self::Coldest, Self::Dearest];

    /// The word in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Oldest => "oldest",
            Self::Slowest => "slowest",
            Self::Coldest => "coldest",
            Self::Dearest => "dearest",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.name() == name)
    }
}

/// The last row of a page. The row is named by request id and start: an attempt that was made again has another start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvocationCursor {
    /// What was sorted by; it falls from row to row.
    pub value: i64,
    pub started_at: Timestamp,
    pub request_id: String,
}

impl InvocationCursor {
    /// As in addresses: `VALUE.START.REQUEST`.
    pub fn to_text(&self) -> String {
        format!("{}.{}.{}", self.value, self.started_at.nanos(), self.request_id)
    }

    /// `None` for what [`InvocationCursor::to_text`] does not write.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let (value, at, id) = (parts.next()?.parse().ok()?, parts.next()?.parse::<u64>().ok()?, parts.next()?);
        let at = i64::try_from(at).ok()?.unsigned_abs();
        Some(Self { value, started_at: Timestamp::from_nanos(at), request_id: id.to_owned() })
    }
}

/// What invocations are put together by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum InvocationGrouping {
    /// All in one.
    All,
    #[default]
    Function,
    Version,
    Runtime,
    Memory,
    Trigger,
    /// Slices of the range of so many nanoseconds; the name is the slice's number from 0.
    Slice(Nanos),
}

impl InvocationGrouping {
    /// The word in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Function => "function",
            Self::Version => "version",
            Self::Runtime => "runtime",
            Self::Memory => "memory",
            Self::Trigger => "trigger",
            Self::Slice(_) => "slice",
        }
    }
}

/// Invocations that have something in common.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InvocationGroup {
    /// `None`: of those where nobody said.
    pub name: Option<String>,
    pub count: u64,
    pub errors: u64,
    pub timeouts: u64,
    pub out_of_memory: u64,
    /// How many began each way, in the order of [`StartKind::ALL`], and last those of which nobody said.
    pub starts: [u64; StartKind::ALL.len() + 1],
    pub duration: Quantiles,
    pub warm_duration: Quantiles,
    pub cold_duration: Quantiles,
    /// Of inits and restores.
    pub init: Quantiles,
    /// Smallest and largest size configured, in MB.
    pub memory_mb: Option<(u64, u64)>,
    /// The most that was used.
    pub max_memory_mb: Option<u64>,
    pub money: Money,
    /// Those whose traces were sampled and that no report makes complete, and about how many more there were.
    pub sampled: u64,
    pub left_out: u64,
}

impl InvocationGroup {
    pub fn failed(&self) -> u64 {
        self.errors + self.timeouts + self.out_of_memory
    }

    pub fn started(&self, kind: StartKind) -> u64 {
        StartKind::ALL.iter().position(|known| *known == kind).map_or(0, |at| self.starts[at])
    }

    /// Of which nobody said how they began.
    pub fn start_unknown(&self) -> u64 {
        self.starts[StartKind::ALL.len()]
    }

    /// Those that began in an environment of their own making.
    pub fn cold(&self) -> u64 {
        StartKind::ALL.iter().filter(|kind| kind.is_cold()).map(|kind| self.started(*kind)).sum()
    }
}

/// Quantiles of durations; `None` where nothing was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quantiles {
    pub p50: Option<Nanos>,
    pub p95: Option<Nanos>,
    pub p99: Option<Nanos>,
}

/// What invocations cost together: exact sums of those that have a price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Money {
    pub total: Usd,
    /// Of it, what was billed as the platform reported.
    pub reported: Usd,
    pub estimated: Usd,
    /// The parts that make up the total: requests, duration, `/tmp`, streamed responses, SnapStart restores.
    pub requests: Usd,
    pub duration: Usd,
    pub storage: Usd,
    pub streamed: Usd,
    pub restore: Usd,
    /// Of the duration, for inits.
    pub init: Usd,
    /// Of it, for invocations that failed.
    pub failed: Usd,
    /// Invocations without a price: `total` knows nothing of them.
    pub unpriced: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_whatever_the_request_is_called() {
        for id in ["6f7f0961-0000-4000-8000-000000000001", "a.b-c d", ""] {
            let cursor =
                InvocationCursor { value: -1, started_at: Timestamp::from_millis(7), request_id: id.to_owned() };
            assert_eq!(InvocationCursor::from_text(&cursor.to_text()), Some(cursor));
        }
        for text in ["", "1", "1.2", "x.2.a", "1.-2.a"] {
            assert_eq!(InvocationCursor::from_text(text), None, "{text}");
        }
    }

    #[test]
    fn cold_is_every_start_in_a_new_environment() {
        let group = InvocationGroup { starts: [9, 1, 2, 3, 4, 5, 6, 7, 8], ..InvocationGroup::default() };
        assert_eq!((group.cold(), group.start_unknown()), (28, 8));
        assert_eq!(group.started(StartKind::Warm), 9);
    }
}
