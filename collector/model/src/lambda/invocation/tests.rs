//! Invocations from sightings in any order.

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
        stands_for: None,
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
    assert_eq!((alone.cost_state, alone.billed_ms, alone.duration_ns), (CostState::Estimated, None, Some(118 * MS)));
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
