//! What is told from many rows, and when: the minute rollups of the map in `counts`, invocations in `invoke`, what they cost in `costs`.
//! Traces, invocations and costs that new rows touch are computed anew, whole, so that late spans, retries and crashes change nothing; it has
//! a thread of its own, and the more the writer has to do, the longer it rests.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use coldlight_model::{Nanos, Timestamp};
use duckdb::{Connection, InterruptHandle};

use crate::costs::{self, Costs};
use crate::counts::{self, Counted};
use crate::engine::{Engine, transaction};
use crate::error::{StoreError, chain};
use crate::hours;
use crate::invoke;
use crate::progress::Progress;
use crate::turns::Turns;

/// The shortest time between two rolls.
const SPACING: Duration = Duration::from_millis(100);

/// While the writer is behind, a roll that took t waits this many t for the next one.
const REST: u32 = 20;

/// While it keeps up with what comes, this many, and no longer than that: a minute that fills is counted again with each roll.
const BUSY_REST: u32 = 8;
const MOST_BUSY_REST: Duration = Duration::from_secs(30);

/// When nothing was written for a while, as long as it took, and no longer than this.
const QUIET: Duration = Duration::from_secs(1);
const SHORT_REST: Duration = Duration::from_secs(1);

/// The writer is behind when something waits for it for longer.
const BEHIND: Nanos = 2_000_000_000;

/// Journal records, and spans in them, that are counted and told of in one transaction: the engine holds what it does not spill. A record of
/// more spans is a step of its own.
const STEP: Step = Step { records: 1_024, spans: 524_288 };

/// And of those whose invocations are told of at a time, for we hold these ourselves: with 500,000 at a time the program took 1.2 GiB.
const TOLD: Step = Step { spans: 131_072, ..STEP };

/// After so long, minutes whose costs are to be computed anew are left for the next roll.
const ENOUGH: Duration = Duration::from_secs(1);

/// While the writer is behind they are left for so long: what comes in a minute then takes many seconds to compute, and more of it comes.
const LEFT: Duration = Duration::from_secs(600);

/// How long to leave it after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// A roll is left for the next start when it would hold up the end for longer.
const QUICK: Duration = Duration::from_secs(1);

/// How often the thread looks whether there is something to do.
const LOOK: Duration = Duration::from_millis(20);

/// How much each record brought.
const BROUGHT: &str = "SELECT sequence, count(*) AS brought FROM (
    SELECT sequence FROM span_rows WHERE sequence > $1 AND sequence <= $2
    UNION ALL SELECT sequence FROM platform_rows WHERE sequence > $1 AND sequence <= $2
) GROUP BY sequence ORDER BY sequence";

/// The thread that rolls up.
pub(crate) struct Roller {
    stop: Arc<AtomicBool>,
    /// A step of a roll takes its turn. Whoever checkpoints or removes minutes takes one too.
    pub turns: Arc<Turns>,
    running: Arc<Running>,
    thread: Option<JoinHandle<()>>,
}

/// What ends the roll that runs.
type Running = Mutex<Option<Arc<InterruptHandle>>>;

/// While it lives, a roll can be ended; nobody reaches its connection afterwards.
struct Interruptible<'a>(&'a Running);

impl<'a> Interruptible<'a> {
    fn new(running: &'a Running, handle: Arc<InterruptHandle>) -> Self {
        *lock(running) = Some(handle);
        Self(running)
    }
}

impl Drop for Interruptible<'_> {
    fn drop(&mut self) {
        *lock(self.0) = None;
    }
}

fn lock(running: &Running) -> MutexGuard<'_, Option<Arc<InterruptHandle>>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Roller {
    pub fn start(engine: Arc<Engine>, progress: Arc<Progress>, now: fn() -> Timestamp) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let turns = Arc::<Turns>::default();
        let running = Arc::new(Mutex::new(None));
        let work = Work {
            engine,
            progress,
            now,
            stop: stop.clone(),
            turns: turns.clone(),
            running: running.clone(),
            rolled: None,
            took: Duration::ZERO,
            divided: 1,
            doing: "",
            costs: Costs::new(),
            costs_left: false,
            hours_left: false,
            costs_next: Instant::now(),
            costs_due: None,
        };
        let thread = std::thread::Builder::new().name("roller".to_owned()).spawn(move || work.run())?;
        Ok(Self { stop, turns, running, thread: Some(thread) })
    }

    /// Counts what is left, if that is quickly done, and ends the thread. What takes longer is undone, and left for the next start.
    pub fn finish(&mut self) {
        self.stop.store(true, Relaxed);
        let Some(thread) = self.thread.take() else { return };
        thread.thread().unpark();
        let until = Instant::now() + QUICK;
        while !thread.is_finished() {
            // An interrupt between two statements is forgotten by the next one, so it is said until it is heard.
            if Instant::now() >= until
                && let Some(handle) = lock(&self.running).as_ref()
            {
                handle.interrupt();
            }
            std::thread::sleep(LOOK);
        }
        if thread.join().is_err() {
            tracing::error!("the rolling thread panicked");
        }
    }
}

impl Drop for Roller {
    fn drop(&mut self) {
        self.finish();
    }
}

struct Step {
    records: u64,
    spans: u64,
}

impl Step {
    /// The last record of the step that begins after `from`, of those up to `written`; a part of a step if it is `divided`.
    fn end(&self, db: &Connection, from: u64, written: u64, divided: u64) -> Result<u64, StoreError> {
        let last = written.min(from + self.records / divided);
        let mut brought = db.prepare_cached(BROUGHT)?;
        let mut rows = brought.query([from, last])?;
        let (mut end, mut sum) = (from, 0);
        while let Some(row) = rows.next()? {
            sum += row.get::<_, u64>("brought")?;
            if sum > self.spans / divided && end > from {
                return Ok(end);
            }
            end = row.get("sequence")?;
        }
        Ok(last)
    }
}

struct Work {
    engine: Arc<Engine>,
    progress: Arc<Progress>,
    now: fn() -> Timestamp,
    stop: Arc<AtomicBool>,
    turns: Arc<Turns>,
    running: Arc<Running>,
    /// Counted and told of up to here; read from the database first.
    rolled: Option<u64>,
    /// How long the last roll took.
    took: Duration,
    costs: Costs,
    /// Whether minutes are still marked: they are computed even when nothing comes.
    costs_left: bool,
    /// Likewise of hours that are over.
    hours_left: bool,
    /// Not before: computing them failed, and whatever else there is to do does not wait for it.
    costs_next: Instant,
    /// When they are computed though the writer is behind.
    costs_due: Option<Instant>,
    /// Of this many parts of a step one is taken at a time: more after a failure, for a step may need more memory than there is.
    divided: u64,
    /// What a failure was met at.
    doing: &'static str,
}

impl Work {
    fn run(mut self) {
        let mut next = Instant::now();
        let (mut ended, mut came, mut seen) = (next, next, 0);
        loop {
            let stopping = self.stop.load(Relaxed);
            let written = self.progress.written_sequence.load(Relaxed);
            if written > seen {
                (came, seen) = (Instant::now(), written);
            }
            self.costs_left |= self.progress.costs_marked.swap(false, Relaxed);
            let pending = (self.costs_left && Instant::now() >= self.costs_next)
                || self.hours_left
                || self.rolled.is_none_or(|rolled| written > rolled);
            // Asked with every look: whoever was behind when the last roll ended may have caught up long before it has rested.
            let rested = Instant::now() >= next.max(ended + self.rest(came.elapsed() < QUIET));
            let rolls = rested || (stopping && self.took < QUICK);
            if pending && rolls && !self.engine.is_reopening() {
                let started = Instant::now();
                match self.roll() {
                    Ok(()) => {
                        self.took = started.elapsed();
                        self.divided = (self.divided / 2).max(1);
                        tracing::debug!(took_ms = self.took.as_millis() as u64, up_to = self.rolled, "rolled up");
                    }
                    Err(_) if self.stop.load(Relaxed) => return,
                    Err(error) => {
                        // On a fatal error the writer reopens; the next roll begins from what the database says.
                        self.rolled = None;
                        self.divided = (self.divided * 4).min(STEP.records);
                        self.costs.divide();
                        next = Instant::now() + AFTER_FAILURE;
                        tracing::error!(error = %chain(&error), at = self.doing, "rolling up failed; it is tried again later");
                    }
                }
                ended = Instant::now();
            }
            if stopping {
                return;
            }
            std::thread::park_timeout(LOOK);
        }
    }

    /// How long to leave it after the last roll.
    fn rest(&self, is_busy: bool) -> Duration {
        let rest = if self.progress.is_behind((self.now)(), BEHIND) {
            self.took * REST
        } else if is_busy {
            (self.took * BUSY_REST).min(MOST_BUSY_REST)
        } else {
            self.took.min(SHORT_REST)
        };
        rest.max(SPACING)
    }

    /// Counts and tells of what is written, step by step, each kept by itself; while the writer is behind, of one step.
    fn roll(&mut self) -> Result<(), StoreError> {
        let db = self.engine.lend()?;
        let running = self.running.clone();
        let _running = Interruptible::new(&running, db.interrupt_handle());
        let written = self.progress.written_sequence.load(Relaxed);
        let sequence = |sql| -> Result<u64, StoreError> { Ok(db.query_row(sql, [], |row| row.get(0))?) };
        let rolled = sequence("SELECT sequence FROM rolled")?;
        let told = sequence("SELECT sequence FROM invoked")?;
        let mut done = rolled.min(told);
        while done < written {
            let end = STEP.end(&db, done, written, self.divided)?;
            let step = self.step(&db, (rolled.max(done), end), (told.max(done), end), end == written);
            counts::let_go(&db);
            step?;
            (done, self.rolled) = (end, Some(end));
            if self.progress.is_behind((self.now)(), BEHIND) {
                break;
            }
        }
        self.rolled = Some(done);
        self.compute_costs(&db)?;
        self.sum_hours(&db)
    }

    /// Counts the spans of records after the first to the second of `count` and tells of the invocations in those of `tell`.
    fn step(&mut self, db: &Connection, count: (u64, u64), tell: (u64, u64), is_last: bool) -> Result<(), StoreError> {
        let turns = self.turns.clone();
        let alone = || turns.take();
        let mut watch = Instant::now();
        let mut lap = || std::mem::replace(&mut watch, Instant::now()).elapsed().as_millis() as u64;
        self.doing = "counting";
        let counted =
            if count.0 < count.1 { Some(Counted::new(db, count.0, count.1, self.divided, alone)?) } else { None };
        let counted_ms = lap();
        let _turn = alone();
        // With what is just coming the newest minutes are computed at once, so that nobody finds them marked. After an absence, or a
        // failure, what was told and counted is kept first: no stretch of minutes, however large, undoes it.
        let together = self.divided == 1 && is_last && Instant::now() >= self.costs_next;
        transaction(db, |db| {
            self.doing = "telling of invocations";
            if tell.0 < tell.1 {
                invoke::tell(db, tell.0, tell.1, |told| TOLD.end(db, told, tell.1, self.divided))?;
            }
            let told_ms = lap();
            self.doing = "keeping what was counted";
            counted.as_ref().map_or(Ok(()), |counted| counted.keep(db))?;
            let kept_ms = lap();
            self.doing = "computing costs";
            if together {
                self.costs.compute(db, true)?;
            }
            tracing::debug!(counted_ms, told_ms, kept_ms, costs_ms = lap(), up_to = count.1, "rolled a step");
            self.doing = "ending the transaction";
            Ok(())
        })
    }

    /// Sums hours that are over, each kept by itself, until it is enough; none while the writer is behind.
    fn sum_hours(&mut self, db: &Connection) -> Result<(), StoreError> {
        let until = Instant::now() + ENOUGH;
        self.doing = "summing hours";
        self.hours_left = true;
        while self.hours_left && Instant::now() < until && !self.progress.is_behind((self.now)(), BEHIND) {
            let _turn = self.turns.take();
            self.hours_left = transaction(db, |db| hours::sum_next(db, (self.now)()))?;
        }
        Ok(())
    }

    /// Computes stretches of marked minutes, each kept by itself, until it is enough. One that fails is left for later, and smaller.
    fn compute_costs(&mut self, db: &Connection) -> Result<(), StoreError> {
        let until = Instant::now() + ENOUGH;
        self.costs_left = costs::is_any_marked(db)?;
        if self.costs_left && self.progress.is_behind((self.now)(), BEHIND) {
            let due = *self.costs_due.get_or_insert_with(|| Instant::now() + LEFT);
            if Instant::now() < due {
                return Ok(());
            }
        }
        self.costs_due = None;
        while self.costs_left && Instant::now() >= self.costs_next && Instant::now() < until {
            match transaction(db, |db| self.costs.compute(db, false)) {
                Ok(()) => self.costs_left = costs::is_any_marked(db)?,
                Err(error) => {
                    if self.stop.load(Relaxed) {
                        return Ok(());
                    }
                    self.costs.divide();
                    self.costs_next = Instant::now() + AFTER_FAILURE;
                    tracing::error!(error = %chain(&error), "computing what minutes cost failed; fewer are tried later");
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database with so many spans of each record, by its sequence.
    fn brought(records: &[(u64, u64)]) -> Connection {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE span_rows (sequence UBIGINT); CREATE TABLE platform_rows (sequence UBIGINT)")
            .unwrap();
        for (sequence, spans) in records {
            db.execute("INSERT INTO span_rows SELECT ? FROM range(?::BIGINT)", [sequence, spans]).unwrap();
        }
        db
    }

    #[test]
    fn a_step_ends_before_the_record_that_would_make_it_too_large() {
        let step = Step { records: 100, spans: 1_000 };
        let db = brought(&[(1, 400), (2, 400), (3, 400), (4, 5_000), (5, 10), (7, 10)]);
        let ends = |written, divided| {
            let mut ends = vec![0];
            while ends[ends.len() - 1] < written {
                ends.push(step.end(&db, ends[ends.len() - 1], written, divided).unwrap());
            }
            ends
        };
        assert_eq!(ends(7, 1), [0, 2, 3, 4, 7], "the large one alone, the small ones together");
        assert_eq!(ends(7, 2), [0, 1, 2, 3, 4, 7], "a part of it after a failure");
        assert_eq!(
            ends(7, 100),
            [0, 1, 2, 3, 4, 5, 6, 7],
            "a record at a time at last, also one that brought no spans"
        );
        assert_eq!(ends(150, 1), [0, 2, 3, 4, 104, 150], "records without spans are bounded too");
    }

    #[test]
    fn a_roll_that_takes_long_is_ended_when_the_store_is() {
        let running = Arc::<Running>::default();
        let (interrupted, heard) = std::sync::mpsc::sync_channel(1);
        let within = running.clone();
        let thread = std::thread::spawn(move || {
            let db = Connection::open_in_memory().unwrap();
            let _running = Interruptible::new(&within, db.interrupt_handle());
            let endless = "SELECT max(hash(range)) FROM range(1000000000000)";
            interrupted.send(db.query_row(endless, [], |row| row.get::<_, u64>(0)).is_err()).unwrap();
        });
        let (stop, turns) = Default::default();
        Roller { stop, turns, running: running.clone(), thread: Some(thread) }.finish();
        assert!(heard.recv().unwrap(), "it was interrupted");
        assert!(lock(&running).is_none(), "and whoever has the connection next is not");
    }
}
