//! What came in and what was turned away, since the start. No label ever comes from a sender.

use std::sync::atomic::{AtomicU64, Ordering};

use coldlight_model::RefusalCount;

use crate::convert::Tally;
use crate::refusal::Refusal;
use crate::signal::Signal;

/// Counters, each only ever growing.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) requests: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) spans: AtomicU64,
    pub(crate) spans_rejected: AtomicU64,
    pub(crate) logs: AtomicU64,
    pub(crate) metric_points: AtomicU64,
    pub(crate) metric_points_kept: AtomicU64,
    pub(crate) secrets_redacted: AtomicU64,
    refusals: [AtomicU64; Refusal::REASONS.len()],
}

impl Counts {
    /// A request was acknowledged.
    pub(crate) fn accepted(&self, signal: Signal, wire_bytes: u64, tally: &Tally) {
        add(&self.requests, 1);
        add(&self.bytes, wire_bytes);
        add(&self.secrets_redacted, tally.secrets);
        match signal {
            Signal::Traces => {
                add(&self.spans, tally.received);
                add(&self.spans_rejected, tally.rejected());
            }
            Signal::Logs => add(&self.logs, tally.received),
            Signal::Metrics => {
                add(&self.metric_points, tally.received);
                add(&self.metric_points_kept, tally.kept_points);
            }
        }
    }

    pub(crate) fn refused(&self, refusal: &Refusal) {
        let reason = refusal.reason();
        if let Some(at) = Refusal::REASONS.iter().position(|known| *known == reason) {
            add(&self.refusals[at], 1);
        }
    }

    /// Every reason there is, also those that never occurred.
    pub(crate) fn refusals(&self) -> Vec<RefusalCount> {
        Refusal::REASONS
            .iter()
            .zip(&self.refusals)
            .map(|(reason, count)| RefusalCount { reason, count: read(count) })
            .collect()
    }
}

fn add(counter: &AtomicU64, number: u64) {
    counter.fetch_add(number, Ordering::Relaxed);
}

pub(crate) fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
