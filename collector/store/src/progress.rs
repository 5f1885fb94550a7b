//! How far the writer is: counters that the status page and the metrics read without asking the database.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use coldlight_model::{Nanos, Timestamp};

/// Counters since the start; written by the writer alone.
#[derive(Default)]
pub(crate) struct Progress {
    pub spans_written: AtomicU64,
    pub duplicates: AtomicU64,
    pub dropped_by_retention: AtomicU64,
    pub reopened: AtomicU64,
    /// How often the database was opened anew to give memory back.
    pub renewed: AtomicU64,
    pub written_sequence: AtomicU64,
    /// Minutes were marked whose costs are not what they were, by somebody else than the roller.
    pub costs_marked: AtomicBool,
    /// Nanoseconds; 0 = never.
    pub last_checkpoint_at: AtomicU64,
    /// Acknowledgement time of the oldest record that is not visible yet; 0 = none.
    pub oldest_waiting: AtomicU64,
    recent: Mutex<Recent>,
}

/// The last commits: when, how many spans, and how long their oldest record had waited to be visible.
#[derive(Default)]
struct Recent {
    commits: std::collections::VecDeque<(Timestamp, u64, Nanos)>,
}

const KEPT_COMMITS: usize = 512;

impl Progress {
    pub fn committed(&self, now: Timestamp, spans: u64, waited: Nanos) {
        self.spans_written.fetch_add(spans, Relaxed);
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.commits.len() == KEPT_COMMITS {
            recent.commits.pop_front();
        }
        recent.commits.push_back((now, spans, waited));
    }

    /// Whether something acknowledged has waited for the writer for longer than `patience`.
    pub fn is_behind(&self, now: Timestamp, patience: Nanos) -> bool {
        let oldest = self.oldest_waiting.load(Relaxed);
        oldest > 0 && now.since(Timestamp::from_nanos(oldest)) > patience
    }

    /// Spans per second over the last minute.
    pub fn spans_per_s(&self, now: Timestamp) -> f64 {
        const MINUTE: Nanos = 60_000_000_000;
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let since = now.minus(MINUTE);
        let spans: u64 = recent.commits.iter().filter(|(at, ..)| *at >= since).map(|(_, spans, _)| spans).sum();
        spans as f64 / 60.0
    }

    /// Acknowledged to visible: the 95th percentile of the oldest record of each recent commit.
    pub fn freshness_p95(&self) -> Nanos {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let mut waits: Vec<Nanos> = recent.commits.iter().map(|(.., waited)| *waited).collect();
        waits.sort_unstable();
        waits.get((waits.len() * 95).div_ceil(100).saturating_sub(1)).copied().unwrap_or(0)
    }
}
