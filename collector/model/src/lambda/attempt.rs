//! Which of the sightings of one request id are of one attempt.
//!
//! An asynchronous event that is tried again keeps its request id. Lambda tries again after a minute at the earliest, so what lies close
//! together is one attempt, unless it says again what an attempt can say once only.

use super::invocation::{FunctionSpan, Sightings};
use super::platform::{PlatformKind, PlatformRecord};
use crate::{Nanos, Timestamp};

/// How far apart two sightings of one request id may lie and still be of one attempt. Lambda tries again after a minute at
/// the earliest.
const APART: Nanos = 20_000_000_000;

/// One attempt's share of the sightings.
#[derive(Default)]
pub(super) struct Attempt<'a> {
    pub from: Timestamp,
    pub to: Timestamp,
    spans: Vec<&'a FunctionSpan>,
    records: Vec<&'a (Timestamp, PlatformRecord)>,
}

/// A sighting with when it says that the attempt began and ended.
enum Seen<'a> {
    Span(&'a FunctionSpan),
    Record(&'a (Timestamp, PlatformRecord)),
}

/// The attempts that `sightings` of one request id tell of, in order.
pub(super) fn attempts(sightings: &Sightings) -> Vec<Attempt<'_>> {
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
    pub fn outermost(&self) -> Option<&FunctionSpan> {
        self.spans.iter().copied().max_by_key(|span| (span.is_server, span.duration))
    }

    /// Whether the platform said nothing of it.
    pub fn records_nothing(&self) -> bool {
        self.records.is_empty()
    }

    pub fn record(&self, kind: PlatformKind) -> Option<&(Timestamp, PlatformRecord)> {
        self.records.iter().copied().find(|(_, said)| said.kind == kind)
    }

    /// The first answer that a record gives, a report's before the others'.
    pub fn said<T>(&self, of: impl Fn(&PlatformRecord) -> Option<T>) -> Option<T> {
        let report = self.record(PlatformKind::Report).and_then(|(_, said)| of(said));
        report.or_else(|| self.records.iter().find_map(|(_, said)| of(said)))
    }
}

/// Two reports of one attempt say the same figures.
fn differs(one: &PlatformRecord, other: &PlatformRecord) -> bool {
    (one.duration_ns, one.billed_ms) != (other.duration_ns, other.billed_ms) || one.kind == PlatformKind::Start
}
