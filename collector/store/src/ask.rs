//! Questions: each runs on a connection of its own, on a thread that may block, bounded in number, time and memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use duckdb::{Connection, InterruptHandle};
use tokio::sync::Semaphore;
use tokio::time::{Instant, MissedTickBehavior};

use crate::crowd::Crowd;
use crate::engine::{Engine, Lent};
use crate::error::StoreError;
use crate::sql::Parser;

/// How often a running question is looked at, and how often one that must end is told so.
const LOOK: Duration = Duration::from_millis(20);

/// Questions in SQL answered at a time. They have places of their own: however slow they are, pages are not.
const SQL_AT_ONCE: usize = 2;

/// How long a question waits for the database to be reopened before it is told so.
const REOPENING: Duration = Duration::from_secs(5);

/// A question's place in the crowd, for as long as it runs.
struct Watched {
    crowd: Arc<Mutex<Crowd>>,
    ticket: u64,
}

fn lock(crowd: &Mutex<Crowd>) -> MutexGuard<'_, Crowd> {
    crowd.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watched {
    fn enter(crowd: &Arc<Mutex<Crowd>>) -> Self {
        let ticket = lock(crowd).enter(held());
        Self { crowd: crowd.clone(), ticket }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        lock(&self.crowd).leave(self.ticket);
    }
}

/// Runs questions.
#[derive(Clone)]
pub(crate) struct Asker {
    engine: Arc<Engine>,
    permits: Arc<Semaphore>,
    sql_permits: Arc<Semaphore>,
    crowd: Arc<Mutex<Crowd>>,
    parser: Arc<Parser>,
    timeout: Duration,
}

/// Why a question has no answer.
#[derive(Debug)]
pub(crate) enum Unanswered {
    Store(StoreError),
    /// It was stopped when the process had grown by more than this many bytes.
    TooMuch {
        limit: u64,
    },
}

impl From<StoreError> for Unanswered {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What a question may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// From being asked to the answer, waiting included.
    pub time: Duration,
    /// Bytes by which the process may grow while questions with a limit run, as [`Crowd`] has it; `None` is no limit.
    pub memory: Option<u64>,
}

/// A question while it runs.
///
/// **Invariant:** no interrupt reaches the connection once it has ended: it may be somebody else's by then.
struct Running {
    handle: Arc<InterruptHandle>,
    state: Mutex<State>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Undisturbed,
    Interrupted,
    Ended,
}

impl Running {
    /// Interrupts what runs, if it still does, and tells whether it did.
    fn interrupt(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if *state == State::Ended {
            return false;
        }
        *state = State::Interrupted;
        self.handle.interrupt();
        true
    }

    /// No interrupts from now on; tells what there was.
    fn end(&self) -> State {
        std::mem::replace(&mut *self.state.lock().unwrap_or_else(PoisonError::into_inner), State::Ended)
    }
}

/// Ends a running question when whoever asked goes away, or its limits are passed.
struct Abandon(Arc<Running>);

impl Drop for Abandon {
    fn drop(&mut self) {
        let running = self.0.clone();
        if !running.interrupt() {
            return;
        }
        // An interrupt between two statements is forgotten by the next one, so it is said until it is heard.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                while running.interrupt() {
                    tokio::time::sleep(LOOK).await;
                }
            });
        }
    }
}

impl Asker {
    pub fn new(engine: Arc<Engine>, readers: usize, timeout: Duration) -> Self {
        Self {
            engine,
            permits: Arc::new(Semaphore::new(readers)),
            sql_permits: Arc::new(Semaphore::new(SQL_AT_ONCE)),
            crowd: Arc::default(),
            parser: Arc::default(),
            timeout,
        }
    }

    /// Reads questions in SQL without asking them.
    pub fn parser(&self) -> Arc<Parser> {
        self.parser.clone()
    }

    /// Answers a question of our own. Dropping the future interrupts it.
    pub async fn ask<T, F>(&self, question: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let limits = Limits { time: self.timeout, memory: None };
        self.within(&self.permits, limits, question).await.map_err(|unanswered| match unanswered {
            Unanswered::Store(error) => error,
            Unanswered::TooMuch { .. } => StoreError::Reopening,
        })
    }

    /// As [`Asker::ask`] for a user's question, within limits of its own.
    pub async fn ask_sql<T, F>(&self, limits: Limits, question: F) -> Result<T, Unanswered>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.within(&self.sql_permits, limits, question).await
    }

    /// A question that does not end in time has no answer at once; its place and its connection are free when DuckDB has
    /// let go of them.
    async fn within<T, F>(&self, permits: &Arc<Semaphore>, limits: Limits, question: F) -> Result<T, Unanswered>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let deadline = Instant::now() + limits.time;
        let timed_out = || StoreError::TimedOut { limit: limits.time };
        let waited = tokio::time::timeout_at(deadline, permits.clone().acquire_owned()).await;
        let permit = waited.map_err(|_| timed_out())?;
        while let Some(limit) = limits.memory
            && lock(&self.crowd).is_full(held(), limit)
        {
            if Instant::now() >= deadline {
                return Err(timed_out().into());
            }
            tokio::time::sleep(LOOK).await;
        }
        let reopened_by = deadline.min(Instant::now() + REOPENING);
        let lent = loop {
            match self.engine.lend() {
                Err(StoreError::Reopening) if !self.engine.is_closed() && Instant::now() < reopened_by => {
                    tokio::time::sleep(LOOK).await;
                }
                lent => break lent?,
            }
        };
        let running = Arc::new(Running { handle: lent.interrupt_handle(), state: Mutex::new(State::Undisturbed) });
        let abandon = Abandon(running.clone());
        let watched = limits.memory.map(|_| Watched::enter(&self.crowd));
        let limit = limits.memory.zip(watched.as_ref().map(|watched| watched.ticket));
        let mut thread = tokio::task::spawn_blocking(move || {
            let _place = (permit, watched);
            // Also when the question panics.
            let lent = Ending { lent: Some(lent), running };
            question(lent.lent.as_ref().expect("kept until dropped"))
        });
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let answer = loop {
            tokio::select! {
                biased;
                answer = &mut thread => break answer,
                () = tokio::time::sleep_until(deadline) => return Err(timed_out().into()),
                _ = look.tick(), if limit.is_some() => {
                    if let Some((limit, ticket)) = limit
                        && lock(&self.crowd).must_end(ticket, held(), limit)
                    {
                        return Err(Unanswered::TooMuch { limit });
                    }
                }
            }
        };
        drop(abandon);
        match answer {
            Ok(Err(StoreError::Database(error))) if StoreError::is_fatal(&error) => {
                tracing::error!(%error, "a question met a fatal database error");
                Err(StoreError::Reopening.into())
            }
            Ok(answer) => Ok(answer?),
            // The question panicked: its connection is gone with it, the store is not.
            Err(_) => Err(StoreError::Reopening.into()),
        }
    }
}

/// Ends a question, however it does. An interrupted connection is closed: its transaction may be neither open nor over.
struct Ending {
    lent: Option<Lent>,
    running: Arc<Running>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let state = self.running.end();
        if let (Some(lent), State::Interrupted) = (self.lent.take(), state) {
            lent.discard();
        }
    }
}

/// Bytes that this process holds, DuckDB's with them: what is allocated without what was never touched, which is what is in memory
/// without what was given back. 0 where nobody tells, and then nothing is over a limit.
fn held() -> u64 {
    use tikv_jemalloc_ctl::{epoch, stats};
    // The allocator's figures are those of its epoch.
    let allocated = epoch::advance().and_then(|_| stats::allocated::read()).ok().map(|bytes| bytes as u64);
    let resident = std::fs::read_to_string("/proc/self/statm").ok().and_then(|told| {
        let pages: u64 = told.split_whitespace().nth(1)?.parse().ok()?;
        Some(pages * rustix::param::page_size() as u64)
    });
    allocated.into_iter().chain(resident).min().unwrap_or(0)
}
