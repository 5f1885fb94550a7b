//! What the callers, the syncing thread and the reader of a journal share, under one lock held for moments.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use coldlight_model::{Batch, Busy, BusyReason, Timestamp};
use tokio::sync::{Notify, OwnedSemaphorePermit, oneshot};

use super::disk::Disk;
use super::room::{Reserve, TurningAway};
use super::segment::{Condition, Entry, Segment};
use super::{JournalError, JournalStatus, Settings};

/// The most that one sync makes durable: bounds how long the first of a group waits for the last.
const GROUP_BYTES: usize = 16 << 20;

/// A batch on its way to the disk.
pub(super) struct Waiting {
    pub entry: Entry,
    /// For the reader; `None` when memory is full, and it will read the file instead.
    pub batch: Option<Batch>,
    /// Its estimated bytes in memory.
    pub weight: usize,
    pub done: oneshot::Sender<Result<(), Busy>>,
    pub permit: OwnedSemaphorePermit,
}

/// A batch on the disk and still in memory.
pub(super) struct Recent {
    pub sequence: u64,
    /// The record before it: a reader that has not seen that one must not take this one.
    pub previous: u64,
    pub batch: Batch,
    pub weight: usize,
    pub acknowledged_at: Timestamp,
}

#[derive(Default)]
pub(super) struct State {
    queue: VecDeque<Waiting>,
    queue_bytes: u64,
    pub recent: VecDeque<Recent>,
    /// Of `recent`, and of the batches in the queue that will get there.
    recent_weight: usize,
    pub segments: VecDeque<Segment>,
    bytes: u64,
    /// The last sequence acknowledged.
    pub synced: u64,
    refused: Option<BusyReason>,
    failed: bool,
    closing: bool,
    /// The syncing thread has ended.
    pub closed: bool,
    failures: u64,
    unreadable: u64,
}

pub(super) struct Shared {
    pub disk: Arc<dyn Disk>,
    pub root: PathBuf,
    settings: Settings,
    state: Mutex<State>,
    /// There is something for the syncing thread.
    work: Condvar,
    /// There is something for the reader.
    news: Condvar,
    /// There may be room again.
    pub relief: Notify,
    pub turning_away: TurningAway,
    reserve: Reserve,
}

/// The refusal for `reason`, with the seconds after which it may have passed.
pub(super) fn busy(reason: BusyReason) -> Busy {
    let retry_after_s = match reason {
        BusyReason::MemoryFull | BusyReason::Reopening | BusyReason::Draining => 1,
        BusyReason::JournalFull | BusyReason::JournalFailed => 2,
        BusyReason::DiskLow => 5,
    };
    Busy { reason, retry_after_s }
}

impl Shared {
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        root: &Path,
        settings: Settings,
        segments: VecDeque<Segment>,
        synced: u64,
    ) -> Self {
        let bytes = segments.iter().map(|segment| segment.length).sum();
        let reserve = Reserve::new(Arc::clone(&disk), root, settings.reserve_bytes);
        Self {
            disk,
            root: root.to_owned(),
            settings,
            state: Mutex::new(State { segments, bytes, synced, ..State::default() }),
            work: Condvar::new(),
            news: Condvar::new(),
            relief: Notify::new(),
            turning_away: TurningAway::default(),
            reserve,
        }
    }

    /// No invariant spans a panic: each change of the state is made of moves and sums.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for news up to `deadline`; false when it has passed.
    pub(super) fn wait_for_news<'a>(
        &self,
        state: MutexGuard<'a, State>,
        deadline: Instant,
    ) -> Option<MutexGuard<'a, State>> {
        let left = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        Some(self.news.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0)
    }

    // For the callers.

    pub(super) fn busy(&self) -> Option<BusyReason> {
        let low = self.reserve.is_low();
        self.busy_of(&self.lock(), low)
    }

    fn busy_of(&self, state: &State, disk_low: bool) -> Option<BusyReason> {
        if state.closing {
            Some(BusyReason::Draining)
        } else if state.failed {
            Some(BusyReason::JournalFailed)
        } else if state.refused.is_some() {
            state.refused
        } else if state.bytes + state.queue_bytes >= self.settings.limit_bytes {
            Some(BusyReason::JournalFull)
        } else if disk_low {
            Some(BusyReason::DiskLow)
        } else {
            None
        }
    }

    pub(super) fn refuse(&self, reason: Option<BusyReason>) {
        self.lock().refused = reason;
        self.relief.notify_waiters();
    }

    pub(super) fn may_append(&self) -> Result<(), Busy> {
        self.lock().may_append()
    }

    pub(super) fn enqueue(&self, mut waiting: Waiting) -> Result<(), Busy> {
        let mut state = self.lock();
        state.may_append()?;
        let too_much = state.recent_weight + waiting.weight > self.settings.memory_bytes;
        let unkept = if too_much { waiting.batch.take() } else { None };
        if waiting.batch.is_some() {
            state.recent_weight += waiting.weight;
        }
        state.queue_bytes += waiting.entry.bytes().len() as u64;
        state.queue.push_back(waiting);
        drop(state);
        self.work.notify_one();
        // Freeing a large batch takes milliseconds: not under the lock.
        drop(unkept);
        Ok(())
    }

    pub(super) fn close(&self) {
        self.lock().closing = true;
        self.work.notify_all();
        self.relief.notify_waiters();
    }

    /// The oldest segment, if nothing in it is after `position` and nobody writes to it.
    pub(super) fn released(&self, position: u64) -> Option<Segment> {
        self.lock().segments.front().filter(|oldest| oldest.last <= position && !oldest.open).cloned()
    }

    /// Its file is gone.
    pub(super) fn forget(&self, segment: &Segment) {
        let mut state = self.lock();
        state.segments.retain(|kept| kept.header.first != segment.header.first);
        state.bytes -= segment.length;
        drop(state);
        self.relief.notify_waiters();
    }

    pub(super) fn status(&self) -> JournalStatus {
        let low = self.reserve.is_low();
        let (space, reserve_bytes) = self.reserve.last_seen();
        let state = self.lock();
        JournalStatus {
            busy: self.busy_of(&state, low),
            bytes: state.bytes,
            limit_bytes: self.settings.limit_bytes,
            segments: state.segments.len() as u64,
            first: state.segments.iter().find(|kept| kept.last >= kept.header.first).map(|kept| kept.header.first),
            last: state.synced,
            waiting: state.queue.len() as u64,
            waiting_bytes: state.queue_bytes,
            memory_bytes: state.recent_weight as u64,
            oldest_in_memory: state.recent.front().map(|oldest| oldest.acknowledged_at),
            space,
            reserve_bytes,
            failures: state.failures,
            unreadable: state.unreadable,
        }
    }

    // For the syncing thread.

    /// All that waits, up to what one sync should carry. `None` when the journal is closing and nothing waits.
    pub(super) fn next_group(&self) -> Option<Vec<Waiting>> {
        let mut state = self.lock();
        while state.queue.is_empty() {
            if state.closing {
                return None;
            }
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let mut bytes = 0;
        let mut group = Vec::new();
        while let Some(next) = state.queue.front() {
            bytes += next.entry.bytes().len();
            if bytes > GROUP_BYTES && !group.is_empty() {
                break;
            }
            group.extend(state.queue.pop_front());
        }
        Some(group)
    }

    /// `group` is on the disk, as the last of `segment`: for the reader first, then acknowledged.
    pub(super) fn synced(&self, segment: Segment, group: Vec<Waiting>, acknowledged_at: Timestamp) {
        let mut state = self.lock();
        let mut previous = state.synced;
        state.synced = segment.last;
        let first = segment.last + 1 - group.len() as u64;
        state.update(segment);
        let mut acknowledged = Vec::with_capacity(group.len());
        for (sequence, waiting) in (first..).zip(group) {
            state.queue_bytes -= waiting.entry.bytes().len() as u64;
            if let Some(batch) = waiting.batch {
                let weight = waiting.weight;
                state.recent.push_back(Recent { sequence, previous, batch, weight, acknowledged_at });
            }
            previous = sequence;
            acknowledged.push((waiting.done, waiting.permit, waiting.entry));
        }
        drop(state);
        self.news.notify_all();
        for (done, _permit, _entry) in acknowledged {
            // The caller may have gone.
            let _ = done.send(Ok(()));
        }
    }

    /// Nothing is acknowledged from here on, neither `group` nor what is queued behind it.
    pub(super) fn failed(&self, group: Vec<Waiting>) {
        self.lock().failures += 1;
        self.refuse_all(group);
    }

    fn refuse_all(&self, mut refused: Vec<Waiting>) {
        let mut state = self.lock();
        state.failed = true;
        for segment in &mut state.segments {
            segment.open = false;
        }
        refused.extend(std::mem::take(&mut state.queue));
        for waiting in &refused {
            state.queue_bytes -= waiting.entry.bytes().len() as u64;
            if waiting.batch.is_some() {
                state.recent_weight -= waiting.weight;
            }
        }
        drop(state);
        self.relief.notify_waiters();
        for waiting in refused {
            let _ = waiting.done.send(Err(busy(BusyReason::JournalFailed)));
        }
    }

    /// Waits before the next attempt; false when the journal is closing.
    pub(super) fn wait_to_retry(&self) -> bool {
        let deadline = Instant::now() + self.settings.retry;
        let mut state = self.lock();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if state.closing {
                return false;
            } else if left == Duration::ZERO {
                return true;
            }
            state = self.work.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// A new file is there: appending may go on.
    pub(super) fn renewed(&self, segment: Segment) {
        let mut state = self.lock();
        state.update(segment);
        state.failed = false;
        drop(state);
        self.relief.notify_waiters();
    }

    /// The syncing thread has ended; what it did not take is refused.
    pub(super) fn ended(&self) {
        self.refuse_all(Vec::new());
        self.lock().closed = true;
        self.news.notify_all();
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.settings.now)()
    }

    // For the reader.

    /// `records` of the segment that starts with `first` had to be skipped. True when it was not known to be damaged.
    pub(super) fn skipped(&self, first: u64, records: u64) -> bool {
        let mut state = self.lock();
        state.unreadable += records;
        let news = state.segment(first).is_some_and(|segment| segment.condition == Condition::Whole);
        if news {
            state.set_condition(first, Condition::Damaged);
        }
        news
    }

    pub(super) fn put_aside(&self, first: u64) {
        self.lock().set_condition(first, Condition::PutAside);
    }
}

impl State {
    fn may_append(&self) -> Result<(), Busy> {
        match (self.closing, self.failed) {
            (true, _) => Err(busy(BusyReason::Draining)),
            (_, true) => Err(busy(BusyReason::JournalFailed)),
            _ => Ok(()),
        }
    }

    /// `segment` is new or has grown.
    fn update(&mut self, segment: Segment) {
        match self.segments.back_mut().filter(|last| last.header.first == segment.header.first) {
            Some(last) => {
                self.bytes += segment.length - last.length;
                *last = Segment { condition: last.condition, ..segment };
            }
            None => {
                self.bytes += segment.length;
                self.segments.push_back(segment);
            }
        }
    }

    pub(super) fn segment(&self, first: u64) -> Option<&Segment> {
        self.segments.iter().find(|segment| segment.header.first == first)
    }

    fn set_condition(&mut self, first: u64, condition: Condition) {
        if let Some(segment) = self.segments.iter_mut().find(|segment| segment.header.first == first) {
            segment.condition = condition;
        }
    }

    /// Takes the oldest batch in memory.
    pub(super) fn take_recent(&mut self) -> Option<Recent> {
        let recent = self.recent.pop_front()?;
        self.recent_weight -= recent.weight;
        Some(recent)
    }
}

/// For errors that are told to nobody who could act on them.
pub(super) fn log_error(error: &JournalError, what: &str) {
    let source = std::error::Error::source(error).map(ToString::to_string);
    tracing::error!(%error, source, "{what}");
}
