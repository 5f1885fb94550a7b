//! Invocations, from whatever tells of them: spans, the platform's records, both in any order, or one alone.
//!
//! One invocation here is one *attempt*: an asynchronous event that is tried again keeps its request id, starts at another
//! time, and is billed again. Nothing is guessed that decides over money: what nobody said stays `None`.

use super::platform::{PlatformKind, PlatformRecord};
use crate::{Nanos, SpanId, Timestamp, TraceId};

/// How far apart two sightings of one request id may lie and still be of one attempt. Lambda tries again after a minute at
/// the earliest.
const APART: Nanos = 20_000_000_000;

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

/// One attempt's share of the sightings.
#[derive(Default)]
struct Attempt<'a> {
    from: Timestamp,
    to: Timestamp,
    spans: Vec<&'a FunctionSpan>,
    records: Vec<&'a (Timestamp, PlatformRecord)>,
}

/// A sighting with when it says that the attempt began and ended.
enum Seen<'a> {
    Span(&'a FunctionSpan),
    Record(&'a (Timestamp, PlatformRecord)),
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

fn attempts(sightings: &Sightings) -> Vec<Attempt<'_>> {
    let mut seen: Vec<(Timestamp, Timestamp, Seen<'_>)> = Vec::new();
    for span in &sightings.spans {
        seen.push((span.started_at, span.started_at.plus(span.duration), Seen::Span(span)));
    }
    for record in &sightings.records {
        let (at, said) = record;
        let lasted = said.duration_ns.unwrap_or(0);
        let (from, to) = match said.kind {
            PlatformKind::Start => (*at, *at),
            _ => (at.minus(lasted), *at),
        };
        seen.push((from, to, Seen::Record(record)));
    }
    seen.sort_by_key(|(from, to, _)| (*from, *to));
    let mut attempts: Vec<Attempt<'_>> = Vec::new();
    for (from, to, sighting) in seen {
        let joins = attempts.last().is_some_and(|last| from <= last.to.plus(APART) && !last.contradicts(&sighting));
        if !joins {
            attempts.push(Attempt { from, to, ..Attempt::default() });
        }
        if let Some(attempt) = attempts.last_mut() {
            attempt.to = attempt.to.max(to);
            match sighting {
                Seen::Span(span) => attempt.spans.push(span),
                Seen::Record(record) => attempt.records.push(record),
            }
        }
    }
    attempts
}

impl Attempt<'_> {
    /// Whether `sighting` says again, with another time, what an attempt can say once only.
    fn contradicts(&self, sighting: &Seen<'_>) -> bool {
        match sighting {
            Seen::Span(span) => {
                span.is_server
                    && self.spans.iter().any(|other| {
                        other.is_server
                            && other.span_id != span.span_id
                            && span.started_at >= other.started_at.plus(other.duration)
                    })
            }
            Seen::Record((at, said)) => {
                // A line of the log and a record of the Telemetry API may both tell of one report, some milliseconds apart.
                let once = matches!(said.kind, PlatformKind::Start | PlatformKind::Report | PlatformKind::RuntimeDone);
                once && self.records.iter().any(|(other_at, other)| {
                    other.kind == said.kind && at.since(*other_at) > APART / 10 && differs(other, said)
                })
            }
        }
    }

    /// The span that is the invocation: of those that say so a SERVER's before others, the longest.
    fn outermost(&self) -> Option<&FunctionSpan> {
        self.spans.iter().copied().max_by_key(|span| (span.is_server, span.duration))
    }

    fn record(&self, kind: PlatformKind) -> Option<&(Timestamp, PlatformRecord)> {
        self.records.iter().copied().find(|(_, said)| said.kind == kind)
    }

    /// The first answer that a record gives, a report's before the others'.
    fn said<T>(&self, of: impl Fn(&PlatformRecord) -> Option<T>) -> Option<T> {
        let report = self.record(PlatformKind::Report).and_then(|(_, said)| of(said));
        report.or_else(|| self.records.iter().find_map(|(_, said)| of(said)))
    }
}

/// Two reports of one attempt say the same figures.
fn differs(one: &PlatformRecord, other: &PlatformRecord) -> bool {
    (one.duration_ns, one.billed_ms) != (other.duration_ns, other.billed_ms) || one.kind == PlatformKind::Start
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
mod tests {
    use super::*;

    const T0: u64 = 1_772_359_200_000_000_000;
    const MS: u64 = 1_000_000;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_nanos(T0 + ms * MS)
    }

    fn span(start_ms: u64, lasted_ms: u64) -> FunctionSpan {
        FunctionSpan {
            trace_id: TraceId::new([7; 16]).unwrap(),
            span_id: SpanId::new(start_ms.saturating_add(1).to_be_bytes()).unwrap(),
            started_at: at(start_ms),
            duration: lasted_ms * MS,
            is_server: true,
            cold_start: None,
            failed: false,
            error_type: None,
            memory_mb: Some(512),
        }
    }

    fn said(kind: PlatformKind) -> PlatformRecord {
        PlatformRecord::new(kind)
    }

    fn report(ms: u64, billed: u64) -> PlatformRecord {
        PlatformRecord {
            duration_ns: Some(ms * MS),
            billed_ms: Some(billed),
            memory_mb: Some(512),
            max_memory_mb: Some(71),
            status: Some("success".into()),
            ..said(PlatformKind::Report)
        }
    }

    fn one(sightings: &Sightings) -> Invocation {
        let mut all = invocations(sightings);
        assert_eq!(all.len(), 1, "{all:#?}");
        all.remove(0)
    }

    #[test]
    fn report_and_span_are_one_invocation_whichever_comes_first() {
        let records = vec![(at(0), said(PlatformKind::Start)), (at(131), report(130, 131))];
        let both = one(&Sightings { spans: vec![span(1, 118)], records: records.clone(), ..Sightings::default() });
        assert_eq!((both.started_at, both.duration_ns, both.billed_ms), (at(0), Some(130 * MS), Some(131)));
        assert_eq!((both.cost_state, both.cold_start, both.has_span), (CostState::Reported, Some(false), true));
        let turned = records.into_iter().rev().collect();
        assert_eq!(one(&Sightings { spans: vec![span(1, 118)], records: turned, ..Sightings::default() }), both);
    }

    #[test]
    fn a_span_alone_is_an_estimate_and_says_nothing_of_cold_starts() {
        let alone = one(&Sightings { spans: vec![span(0, 118)], ..Sightings::default() });
        assert_eq!(
            (alone.cost_state, alone.billed_ms, alone.duration_ns),
            (CostState::Estimated, None, Some(118 * MS))
        );
        assert_eq!((alone.cold_start, alone.felt_wait_ns), (None, None));
    }

    #[test]
    fn billed_time_is_computed_only_where_it_is_not_reported() {
        let at = |year_2025: bool| Timestamp::from_nanos(if year_2025 { INITS_BILLED_FROM - 1 } else { T0 });
        let known = |before, init_ns| Invocation {
            started_at: at(before),
            duration_ns: Some(130_100_000),
            init_ns,
            ..Invocation::default()
        };
        assert_eq!(known(false, Some(181_200_000)).billed_or_computed_ms(), Some(312));
        assert_eq!(known(true, Some(181_200_000)).billed_or_computed_ms(), Some(131));
        assert_eq!(Invocation { billed_ms: Some(9), ..known(false, None) }.billed_or_computed_ms(), Some(9));
        assert_eq!(Invocation::default().billed_or_computed_ms(), None);
        let managed = Invocation { initialization: Some("lambda-managed-instances".into()), ..known(false, None) };
        assert_eq!(managed.billed_or_computed_ms(), None);
    }

    #[test]
    fn a_report_alone_is_whole_and_a_start_alone_is_inferred() {
        let alone = one(&Sightings { records: vec![(at(130), report(130, 131))], ..Sightings::default() });
        assert_eq!((alone.started_at, alone.cost_state, alone.has_span), (at(0), CostState::Reported, false));
        let begun = one(&Sightings { records: vec![(at(0), said(PlatformKind::Start))], ..Sightings::default() });
        assert_eq!((begun.cost_state, begun.duration_ns), (CostState::Inferred, None));
    }

    #[test]
    fn a_report_told_twice_or_in_two_ways_counts_once() {
        let twice = vec![(at(130), report(130, 131)), (at(130), report(130, 131)), (at(4_000), report(130, 131))];
        one(&Sightings { records: twice, ..Sightings::default() });
    }

    #[test]
    fn a_retry_keeps_its_request_id_and_is_another_invocation() {
        let failed = |ms| PlatformRecord { status: Some("error".into()), ..report(ms, ms) };
        let records = vec![
            (at(0), said(PlatformKind::Start)),
            (at(100), failed(100)),
            (at(61_000), said(PlatformKind::Start)),
            (at(61_120), report(120, 120)),
        ];
        let spans = vec![span(1, 90), span(61_001, 110)];
        let both = invocations(&Sightings { spans, records, ..Sightings::default() });
        assert_eq!(both.iter().map(|one| one.billed_ms).collect::<Vec<_>>(), [Some(100), Some(120)]);
        assert_eq!(both.iter().map(|one| one.outcome.name()).collect::<Vec<_>>(), ["error", "ok"]);
        assert!(both.iter().all(|one| one.has_span));
    }

    #[test]
    fn a_felt_cold_start_waits_for_its_init_and_an_early_one_does_not() {
        let init = |ms: u64| {
            (
                at(ms),
                PlatformRecord {
                    duration_ns: Some(181 * MS),
                    initialization: Some("on-demand".into()),
                    phase: Some("init".into()),
                    ..said(PlatformKind::InitReport)
                },
            )
        };
        let cold = |init_at, start| Sightings {
            spans: vec![],
            records: vec![(at(start), said(PlatformKind::Start)), (at(start + 130), report(130, 312))],
            inits: vec![init(init_at)],
            calls: vec![],
        };
        let felt = one(&cold(200, 209));
        assert_eq!((felt.cold_start, felt.init_ns, felt.felt_wait_ns), (Some(true), Some(181 * MS), Some(181 * MS)));
        let early = one(&cold(200, 20_000));
        assert_eq!((early.cold_start, early.init_ns, early.felt_wait_ns), (Some(true), Some(181 * MS), Some(0)));
    }

    #[test]
    fn an_init_inside_the_invocation_is_a_cold_start_and_adds_nothing() {
        let inside = PlatformRecord {
            duration_ns: Some(400 * MS),
            phase: Some("invoke".into()),
            initialization: Some("on-demand".into()),
            ..said(PlatformKind::InitReport)
        };
        let records = vec![(at(0), said(PlatformKind::Start)), (at(700), report(700, 700))];
        let found = one(&Sightings { spans: vec![], records, inits: vec![(at(401), inside)], calls: vec![] });
        assert_eq!((found.init_ns, found.suppressed_init_ns), (None, Some(400 * MS)));
        assert_eq!((found.cold_start, found.felt_wait_ns, found.billed_ms), (Some(true), Some(400 * MS), Some(700)));
    }

    #[test]
    fn ways_to_end_badly_are_told_apart() {
        let ended = |status: &str, error: Option<&str>, most: u64| {
            let said = PlatformRecord {
                status: Some(status.into()),
                error_type: error.map(str::to_owned),
                max_memory_mb: Some(most),
                ..report(3_000, 3_000)
            };
            one(&Sightings { records: vec![(at(3_000), said)], ..Sightings::default() }).outcome
        };
        assert_eq!(ended("timeout", Some("Sandbox.Timedout"), 100), InvocationOutcome::Timeout);
        assert_eq!(ended("error", Some("Runtime.OutOfMemory"), 100), InvocationOutcome::OutOfMemory);
        assert_eq!(ended("error", Some("Runtime.ExitError"), 512), InvocationOutcome::OutOfMemory);
        assert_eq!(ended("failure", Some("Runtime.ExitError"), 100), InvocationOutcome::Error);
        assert_eq!(ended("success", None, 512), InvocationOutcome::Ok);
    }

    #[test]
    fn calls_that_overlap_are_waited_for_once_and_only_inside_the_invocation() {
        let calls = vec![(at(10), at(50)), (at(40), at(60)), (at(45), at(48)), (at(90), at(500)), (at(0), at(1))];
        let found = one(&Sightings { spans: vec![span(1, 99)], calls, ..Sightings::default() });
        assert_eq!(found.waiting_ns, Some(60 * MS));
        let unknown = one(&Sightings { records: vec![(at(131), report(130, 131))], ..Sightings::default() });
        assert_eq!(unknown.waiting_ns, None);
    }

    #[test]
    fn a_span_inside_the_invocation_that_names_it_too_is_no_second_one() {
        let consumer = FunctionSpan { is_server: false, ..span(5, 80) };
        let found = one(&Sightings { spans: vec![consumer, span(1, 118)], ..Sightings::default() });
        assert_eq!(found.duration_ns, Some(118 * MS));
    }
}
