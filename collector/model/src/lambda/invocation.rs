//! Invocations, from whatever tells of them: spans, the platform's records, both in any order, or one alone.
//!
//! One invocation here is one *attempt*: an asynchronous event that is tried again keeps its request id, starts at another
//! time, and is billed again. Nothing is guessed that decides over money: what nobody said stays `None`.

use super::attempt::{Attempt, attempts};
use super::platform::{PlatformKind, PlatformRecord};
use crate::{Nanos, SpanId, Timestamp, TraceId};

/// An init that ended longer before the invocation was made ahead of need: nobody waited for it. Heuristic of a public vendor
/// extension; the platform does not say.
pub const FELT_WITHIN: Nanos = 10_000_000_000;

/// A record of an init belongs to the first invocation of its environment, if that starts within this time.
const INIT_BEFORE: Nanos = 900_000_000_000;

/// How an invocation ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum InvocationOutcome {
    #[default]
    Ok,
    Error,
    Timeout,
    OutOfMemory,
}

impl InvocationOutcome {
    pub const ALL: [Self; 4] = [Self::Ok, Self::Error, Self::Timeout, Self::OutOfMemory];

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Timeout => "timeout",
            Self::OutOfMemory => "oom",
        }
    }
}

/// Where the billed time comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CostState {
    /// The platform reported what it bills.
    Reported,
    /// Computed from a whole span.
    Estimated,
    /// No report, and no whole span either: the least it can have been.
    #[default]
    Inferred,
}

impl CostState {
    pub const ALL: [Self; 3] = [Self::Reported, Self::Estimated, Self::Inferred];

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Estimated => "estimated",
            Self::Inferred => "inferred",
        }
    }
}

/// The span of an invocation, as far as it matters here.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionSpan {
    pub trace_id: TraceId,
    pub span_id: SpanId,
    pub started_at: Timestamp,
    pub duration: Nanos,
    pub is_server: bool,
    pub cold_start: Option<bool>,
    /// The span's own judgement: a fault (5xx, timeout, failure) of the code, not a 4xx answer.
    pub failed: bool,
    pub error_type: Option<String>,
    pub memory_mb: Option<u64>,
    /// How many it stands for, in millionths: [`crate::sampling::stands_for`].
    pub stands_for: Option<u64>,
}

/// All that is known of one request id, each with when it was said. In any order, repeats welcome.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sightings {
    pub spans: Vec<FunctionSpan>,
    pub records: Vec<(Timestamp, PlatformRecord)>,
    /// Init and restore records of the environments that ran it.
    pub inits: Vec<(Timestamp, PlatformRecord)>,
    /// When calls that it made were under way, from and to; they may overlap.
    pub calls: Vec<(Timestamp, Timestamp)>,
}

/// One attempt at one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Invocation {
    pub started_at: Timestamp,
    /// From start to end as the platform counts it: with an init inside the invocation, with extensions, without an init before.
    pub duration_ns: Option<u64>,
    /// Of it, while calls were under way; `None` when there is no span that could have told of calls.
    pub waiting_ns: Option<u64>,
    pub trace_id: Option<TraceId>,
    pub span_id: Option<SpanId>,
    /// Whether the environment was new; `None` when nobody said.
    pub cold_start: Option<bool>,
    /// Which kind of init: `on-demand`, `provisioned-concurrency`, `snap-start`, `lambda-managed-instances`.
    pub initialization: Option<String>,
    /// The init before the invocation, which is billed since 2025-08-01.
    pub init_ns: Option<u64>,
    /// An init inside it, after a crash or timeout: part of its duration already.
    pub suppressed_init_ns: Option<u64>,
    pub restore_ns: Option<u64>,
    pub billed_restore_ms: Option<u64>,
    /// What the caller waited for init or restore; 0 when it was made ahead of need.
    pub felt_wait_ns: Option<u64>,
    /// Reported, never computed here.
    pub billed_ms: Option<u64>,
    pub memory_mb: Option<u64>,
    pub max_memory_mb: Option<u64>,
    pub produced_bytes: Option<u64>,
    pub response_latency_ns: Option<u64>,
    /// After the answer: the runtime's own work, and the extensions'. Billed, and nobody waits for it.
    pub runtime_overhead_ns: Option<u64>,
    pub extension_overhead_ns: Option<u64>,
    pub outcome: InvocationOutcome,
    pub error_type: Option<String>,
    pub cost_state: CostState,
    pub has_span: bool,
    /// How many it stands for, in millionths, where its trace was sampled. What the platform reports is complete, whatever was
    /// sampled: such an invocation stands for itself.
    pub stands_for: Option<u64>,
}

/// From here on every init is billed, whatever the packaging (AWS, 2025-08-01).
const INITS_BILLED_FROM: u64 = 1_754_006_400_000_000_000;

impl Invocation {
    /// Billed milliseconds: as reported, else from what is known, rounded up. `None` when nothing tells the duration, and for
    /// Managed Instances, where the duration is not what is billed.
    pub fn billed_or_computed_ms(&self) -> Option<u64> {
        if self.billed_ms.is_some() {
            return self.billed_ms;
        }
        if self.initialization.as_deref() == Some("lambda-managed-instances") {
            return None;
        }
        let inits_count = self.started_at >= Timestamp::from_nanos(INITS_BILLED_FROM);
        let init_ns = self.init_ns.filter(|_| inits_count).unwrap_or(0);
        let restore_ns = self.billed_restore_ms.unwrap_or(0).saturating_mul(1_000_000);
        Some(self.duration_ns?.saturating_add(init_ns).saturating_add(restore_ns).div_ceil(1_000_000))
    }
}

/// The attempts that `sightings` of one request id tell of, in order of their start.
pub fn invocations(sightings: &Sightings) -> Vec<Invocation> {
    let attempts = attempts(sightings);
    let told = attempts.iter().map(|attempt| Invocation {
        waiting_ns: attempt
            .outermost()
            .map(|span| covered(&sightings.calls, span.started_at, span.started_at.plus(span.duration))),
        ..invocation(attempt, &sightings.inits)
    });
    told.collect()
}

/// How much of the time between `from` and `to` one of `intervals` covers.
fn covered(intervals: &[(Timestamp, Timestamp)], from: Timestamp, to: Timestamp) -> Nanos {
    let mut clipped: Vec<(Timestamp, Timestamp)> = intervals
        .iter()
        .map(|(start, end)| ((*start).max(from), (*end).min(to)))
        .filter(|(start, end)| start < end)
        .collect();
    clipped.sort_unstable();
    let (mut sum, mut until) = (0, from);
    for (start, end) in clipped {
        let start = start.max(until);
        if end > start {
            sum += end.since(start);
            until = end;
        }
    }
    sum
}

fn invocation(attempt: &Attempt<'_>, inits: &[(Timestamp, PlatformRecord)]) -> Invocation {
    let span = attempt.outermost();
    let report = attempt.record(PlatformKind::Report).map(|(_, said)| said);
    let done = attempt.record(PlatformKind::RuntimeDone).map(|(_, said)| said);
    let started_at = match (attempt.record(PlatformKind::Start), span) {
        (Some((at, _)), _) => *at,
        (None, Some(span)) => span.started_at,
        (None, None) => attempt.from,
    };
    let init = Init::of(started_at, attempt.to, inits);
    let reported = |of: fn(&PlatformRecord) -> Option<u64>| report.and_then(of);
    let init_ns = reported(|said| said.init_ns).or(init.before_ns);
    let restore_ns = reported(|said| said.restore_ns).or(init.restore_ns);
    let billed_ms = reported(|said| said.billed_ms);
    let duration_ns =
        reported(|said| said.duration_ns).or(done.and_then(|said| said.duration_ns)).or(span.map(|span| span.duration));
    let initialization = init.initialization.clone().or_else(|| restore_ns.map(|_| "snap-start".to_owned()));
    let new = init_ns.is_some() || restore_ns.is_some() || init.inside_ns.is_some();
    let cold_start = if new { Some(true) } else { span.and_then(|span| span.cold_start).or(report.map(|_| false)) };
    let on_demand = initialization.as_deref().is_none_or(|kind| matches!(kind, "on-demand" | "snap-start"));
    let waited = init_ns.or(init.inside_ns).or(restore_ns);
    let felt_wait_ns = match waited {
        Some(_) if !on_demand || init.was_early => Some(0),
        Some(waited) => Some(waited),
        None if cold_start == Some(false) => Some(0),
        None => None,
    };
    let memory_mb = reported(|said| said.memory_mb).or(span.and_then(|span| span.memory_mb));
    let max_memory_mb = reported(|said| said.max_memory_mb);
    let status = attempt.said(|said| said.status.clone());
    let error_type =
        attempt.said(|said| said.error_type.clone()).or_else(|| span.and_then(|span| span.error_type.clone()));
    let outcome = outcome(
        status.as_deref(),
        error_type.as_deref(),
        memory_mb.zip(max_memory_mb),
        span.is_some_and(|span| span.failed),
    );
    Invocation {
        started_at,
        duration_ns,
        waiting_ns: None,
        trace_id: span.map(|span| span.trace_id).or_else(|| attempt.said(|said| said.trace_id)),
        span_id: span.map(|span| span.span_id).or_else(|| attempt.said(|said| said.span_id)),
        cold_start,
        initialization,
        init_ns,
        suppressed_init_ns: init.inside_ns,
        restore_ns,
        billed_restore_ms: reported(|said| said.billed_restore_ms),
        felt_wait_ns,
        billed_ms,
        memory_mb,
        max_memory_mb,
        produced_bytes: attempt.said(|said| said.produced_bytes),
        response_latency_ns: attempt.said(|said| said.response_latency_ns),
        runtime_overhead_ns: attempt.said(|said| said.runtime_overhead_ns),
        extension_overhead_ns: attempt.said(|said| said.extension_overhead_ns),
        outcome,
        error_type,
        cost_state: match (billed_ms, duration_ns) {
            (Some(_), _) => CostState::Reported,
            (None, Some(_)) => CostState::Estimated,
            (None, None) => CostState::Inferred,
        },
        has_span: span.is_some(),
        stands_for: span.and_then(|span| span.stands_for).filter(|_| attempt.records_nothing()),
    }
}

fn outcome(
    status: Option<&str>,
    error_type: Option<&str>,
    memory: Option<(u64, u64)>,
    span_failed: bool,
) -> InvocationOutcome {
    let of_memory = error_type.is_some_and(|kind| kind.contains("OutOfMemory"))
        || (matches!(status, Some("error" | "failure")) && memory.is_some_and(|(size, most)| most >= size));
    match status {
        _ if of_memory => InvocationOutcome::OutOfMemory,
        Some("timeout") => InvocationOutcome::Timeout,
        Some("error" | "failure") => InvocationOutcome::Error,
        _ if error_type == Some("Sandbox.Timedout") => InvocationOutcome::Timeout,
        _ if span_failed => InvocationOutcome::Error,
        _ => InvocationOutcome::Ok,
    }
}

/// What the records of an environment's init say to the invocation that followed.
#[derive(Default)]
struct Init {
    initialization: Option<String>,
    before_ns: Option<u64>,
    inside_ns: Option<u64>,
    restore_ns: Option<u64>,
    /// It ended so long before that nobody waited for it.
    was_early: bool,
}

impl Init {
    fn of(start: Timestamp, end: Timestamp, inits: &[(Timestamp, PlatformRecord)]) -> Self {
        let mut init = Self::default();
        for (at, said) in inits {
            let inside = *at >= start && *at <= end && said.phase.as_deref() == Some("invoke");
            let before = *at <= start && start.since(*at) <= INIT_BEFORE && said.phase.as_deref() != Some("invoke");
            if !inside && !before {
                continue;
            }
            init.initialization = init.initialization.or_else(|| said.initialization.clone());
            match said.kind {
                PlatformKind::InitReport if inside => init.inside_ns = said.duration_ns,
                // A snapshot's init happened at publishing.
                PlatformKind::InitReport if said.phase.as_deref() != Some("snap-start") => {
                    init.before_ns = said.duration_ns;
                    init.was_early = start.since(*at) > FELT_WITHIN;
                }
                PlatformKind::RestoreReport => {
                    init.restore_ns = said.duration_ns;
                    init.was_early = start.since(*at) > FELT_WITHIN;
                }
                _ => {}
            }
        }
        init
    }
}

#[cfg(test)]
mod tests;
