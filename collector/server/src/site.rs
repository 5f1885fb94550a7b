//! What every request can ask: the store, the receiver's counts, who may do what, and a few small memories.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use coldlight_model::{BusyReason, Dictionary, Listening, ReceiverCounts, SavedSearch, StoreStatus, Timestamp};
use coldlight_receiver::Receiver;
use coldlight_store::{Store, StoreError};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::access::{Access, Hosts};
use crate::alerts::Alerts;
use crate::clock;
use crate::demo::Sender;

mod copy;
mod layouts;
mod questions;
mod saved;
mod slow;
mod traces;
mod words;

pub use copy::CopyFile;
pub use layouts::Layouts;
pub use questions::{Questions, Running};
pub use saved::{Saved, Unsaved};
pub use slow::SlowPages;
pub use traces::{ReadTrace, Traces};
pub use words::Words;

/// Event streams at a time; each is one open `/start` page.
const MAX_STREAMS: usize = 64;
/// Pages that watch what arrives, at a time.
const MAX_WATCHERS: usize = 32;
/// How old a status may be that every page shows a little of.
const STATUS_AGE: Duration = Duration::from_secs(1);
/// A status that takes so long is dear.
const STATUS_DEAR: Duration = Duration::from_millis(10);
/// Ingest is in trouble for this long after it refused somebody.
const ALARM_AFTER_REFUSAL: Duration = Duration::from_secs(60);
/// And when what waits is older than this, in nanoseconds.
const ALARM_LAG: u64 = 60_000_000_000;
const WATCH_EVERY: Duration = Duration::from_secs(5);

/// Shared by all requests.
pub struct Site {
    pub store: Store,
    pub receiver: Receiver,
    pub access: Arc<Access>,
    pub listening: Vec<Listening>,
    /// The names pages and API answer to; `None`: any.
    pub hosts: Option<Hosts>,
    pub layouts: Layouts,
    pub traces: Traces,
    pub slow: SlowPages,
    /// Questions in SQL that were given a name.
    pub questions: Questions,
    /// What pages ask that somebody waits for.
    pub waited_for: Questions,
    pub words: Words,
    pub saved: Saved,
    pub streams: Arc<Semaphore>,
    /// Places for pages that watch what arrives, and the one turn at asking for it.
    pub watchers: Arc<Semaphore>,
    pub watching: Semaphore,
    pub stop: CancellationToken,
    pub alerts: Alerts,
    /// Of what people wrote.
    copy: CopyFile,
    /// How many files of the store had been put aside when it was given back last.
    put_aside: AtomicUsize,
    /// As they are kept, by name.
    searches: RwLock<Arc<Vec<SavedSearch>>>,
    /// One change at a time of what is saved and what is watched.
    pub changing: tokio::sync::Mutex<()>,
    pub answers: Answers,
    pub started_at: Timestamp,
    refused: Mutex<Refused>,
    /// Read once: it changes with the program alone.
    dictionary: tokio::sync::OnceCell<Dictionary>,
    /// When it was asked, how long that took, and of which generation of rows it is.
    status: tokio::sync::Mutex<Option<(Instant, Duration, u64, StoreStatus)>>,
}

/// How many requests to pages and API were answered how: `counts[2]` with a 2xx.
#[derive(Default)]
pub struct Answers([AtomicU64; 6]);

impl Answers {
    pub fn count(&self, status: http::StatusCode) {
        self.0[usize::from(status.as_u16() / 100).min(5)].fetch_add(1, Ordering::Relaxed);
    }

    /// By first digit of the status, 1 to 5.
    pub fn counts(&self) -> [u64; 5] {
        std::array::from_fn(|at| self.0[at + 1].load(Ordering::Relaxed))
    }
}

#[derive(Default)]
struct Refused {
    count: u64,
    last: Option<Instant>,
}

impl Site {
    pub fn new(
        store: Store,
        receiver: Receiver,
        access: Arc<Access>,
        listening: Vec<Listening>,
        hosts: Option<Hosts>,
        saved: Saved,
        stop: CancellationToken,
    ) -> Self {
        Self {
            store,
            receiver,
            access,
            listening,
            hosts,
            layouts: Layouts::default(),
            traces: Traces::default(),
            slow: SlowPages::default(),
            questions: Questions::default(),
            waited_for: Questions::default(),
            words: Words::default(),
            saved,
            streams: Arc::new(Semaphore::new(MAX_STREAMS)),
            watchers: Arc::new(Semaphore::new(MAX_WATCHERS)),
            watching: Semaphore::new(1),
            stop,
            alerts: Alerts::default(),
            copy: CopyFile::default(),
            put_aside: AtomicUsize::default(),
            searches: RwLock::default(),
            changing: tokio::sync::Mutex::default(),
            answers: Answers::default(),
            started_at: clock::now(),
            refused: Mutex::default(),
            dictionary: tokio::sync::OnceCell::new(),
            status: tokio::sync::Mutex::default(),
        }
    }

    /// Searches that somebody saved, as they were last read.
    pub fn searches(&self) -> Arc<Vec<SavedSearch>> {
        self.searches.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads them, after one was saved or removed.
    pub async fn read_searches(&self) -> Result<(), StoreError> {
        let all = Arc::new(self.store.saved_searches().await?);
        *self.searches.write().unwrap_or_else(PoisonError::into_inner) = all;
        Ok(())
    }

    /// With what alerts are told to, and a copy of what people wrote.
    pub fn telling(self, alerts: Alerts, copy: CopyFile) -> Self {
        Self { alerts, copy, ..self }
    }

    pub fn address(&self, name: &str) -> Option<SocketAddr> {
        self.listening.iter().find(|one| one.name == name).map(|one| one.address)
    }

    pub fn port(&self, name: &str) -> Option<u16> {
        self.address(name).map(|address| address.port())
    }

    /// What questions in SQL may name.
    pub async fn dictionary(&self) -> Result<&Dictionary, StoreError> {
        self.dictionary.get_or_try_init(|| self.store.dictionary()).await
    }

    /// For sending to our own OTLP ports.
    pub fn sender(&self) -> Sender {
        let reach = |name| self.address(name).map(crate::place::reachable);
        let secret = self.access.asks().then(|| self.access.own_secret().to_owned());
        Sender { grpc: reach("otlp-grpc"), http: reach("otlp-http"), secret }
    }

    /// The store's status: counts of rows are at most a second old and never from before the last commit, but where counting took long (while
    /// rows come, the engine reads a column of all of them) they are as old as keeps counting to a fiftieth of the time. The rest is of now.
    pub async fn status(&self) -> Result<StoreStatus, StoreError> {
        let mut known = self.status.lock().await;
        let visible = *self.store.generation().borrow();
        if let Some((at, took, then, status)) = &*known {
            let is_new = at.elapsed() < STATUS_AGE && *then == visible;
            let is_dear = *took >= STATUS_DEAR && at.elapsed() < *took * 50;
            if is_new || is_dear {
                return Ok(self.store.status_since(status));
            }
        }
        let started = Instant::now();
        let status = self.store.status().await?;
        *known = Some((Instant::now(), started.elapsed(), visible, status.clone()));
        Ok(status)
    }

    /// Whether ingest refuses, did so within the last minute, or lags.
    pub fn is_alarmed(&self, status: Option<&StoreStatus>) -> bool {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let lately = refused.last.is_some_and(|at| at.elapsed() < ALARM_AFTER_REFUSAL);
        lately || status.is_none_or(|status| status.busy.is_some() || status.waiting_age > ALARM_LAG)
    }

    /// Looks every few seconds whether senders were refused for want of room or the database was put aside, and lets go of what nobody asks
    /// for; ends when the program stops.
    pub async fn watch(self: Arc<Self>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(WATCH_EVERY) => {
                    self.look(&self.receiver.counts(), Instant::now());
                    self.traces.rest(Instant::now());
                    if self.is_put_aside() {
                        let _change = self.changing.lock().await;
                        self.copy_what_is_written().await;
                    }
                }
                () = self.stop.cancelled() => return,
            }
        }
    }

    fn look(&self, counts: &ReceiverCounts, now: Instant) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let count = busy_refusals(counts);
        if count > refused.count {
            refused.last = Some(now);
        }
        refused.count = count;
    }
}

/// Requests turned away for want of room; what was refused for being malformed is the sender's trouble.
fn busy_refusals(counts: &ReceiverCounts) -> u64 {
    let is_busy = |reason: &str| BusyReason::ALL.iter().any(|busy| busy.name() == reason);
    counts.refusals.iter().filter(|refusal| is_busy(refusal.reason)).map(|refusal| refusal.count).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldlight_model::RefusalCount;

    #[test]
    fn answers_are_counted_by_class() {
        let answers = Answers::default();
        for status in [200, 204, 303, 404, 503] {
            answers.count(http::StatusCode::from_u16(status).unwrap());
        }
        assert_eq!(answers.counts(), [0, 2, 1, 1, 1]);
    }

    #[test]
    fn only_want_of_room_alarms() {
        let refusals = vec![
            RefusalCount { reason: "malformed", count: 7 },
            RefusalCount { reason: BusyReason::JournalFull.name(), count: 2 },
        ];
        assert_eq!(busy_refusals(&ReceiverCounts { refusals, ..ReceiverCounts::default() }), 2);
    }
}
