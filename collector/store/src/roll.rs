//! What is told from many rows: the minute rollups of the map here, invocations in `invoke`, what they cost in `costs`. Whatever new
//! rows touch is computed anew, whole.
//!
//! Recomputing is idempotent: late spans, retries and crashes need no arithmetic of differences. What it costs grows with
//! the traffic around a minute, so it has a thread of its own, and the more the writer has to do, the longer it rests.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use coldlight_model::{Nanos, Timestamp};
use duckdb::{Connection, InterruptHandle};

use crate::costs::{self, Costs};
use crate::engine::{Engine, transaction};
use crate::error::{StoreError, chain};
use crate::invoke;
use crate::progress::Progress;
use crate::reach::{OF_CALLS, around, reach};

/// The shortest time between two rolls.
const SPACING: Duration = Duration::from_millis(100);

/// While the writer is behind, a roll that took t waits this many t for the next one.
const REST: u32 = 10;

/// While it keeps up with what comes, this many, and no longer than that: a minute that fills is counted again with each roll.
const BUSY_REST: u32 = 8;
const MOST_BUSY_REST: Duration = Duration::from_secs(30);

/// When nothing was written for a while, as long as it took, and no longer than this.
const QUIET: Duration = Duration::from_secs(1);
const SHORT_REST: Duration = Duration::from_secs(1);

/// The writer is behind when something waits for it for longer.
const BEHIND: Nanos = 2_000_000_000;

/// Journal records, and spans in them, whose invocations are told of in one transaction: the engine holds what it does not spill. A
/// record of more spans is a step of its own.
const STEP: Step = Step { records: 1_024, spans: 524_288 };

/// And of those that are counted at a time. The minutes they touch are counted whole, so more are hardly dearer: at 20,000 spans a second
/// a minute has 1.2 million, and steps as small as the other's fell ever further behind.
const COUNTED: Step = Step { records: 8_192, spans: 4 * STEP.spans };

/// Spans of a minute that are gathered at a time, about: what joins them is held in memory too.
const GATHERED: u64 = 131_072;

/// In so many parts at least after failures: each looks for the others of its traces anew.
const MOST_PARTS: u64 = 64;

/// And of those whose invocations are told of, for we hold these ourselves: with 500,000 at a time the program took 1.2 GiB.
const TOLD: Step = Step { spans: 131_072, ..STEP };

/// Between two steps the writer has a chance to checkpoint and to remove minutes: it looks after each of its transactions.
const BREATH: Duration = Duration::from_millis(300);

/// After so long, minutes whose costs are to be computed anew are left for the next roll.
const ENOUGH: Duration = Duration::from_secs(1);

/// How long to leave it after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// A roll is left for the next start when it would hold up the end for longer.
const QUICK: Duration = Duration::from_secs(1);

/// How often the thread looks whether there is something to do.
const LOOK: Duration = Duration::from_millis(20);

/// Spans with their parents and whoever answered them, and what is told of those: by minute, service and bucket of duration,
/// and by minute, caller, callee, way and bucket. The map of what a filter finds is told by the same.
pub(crate) const REQUESTS: &str = include_str!("queries/requests.sql");
pub(crate) const SERVICE_ROWS: &str = include_str!("queries/service_rows.sql");
pub(crate) const EDGE_ROWS: &str = include_str!("queries/edge_rows.sql");

const BEGUN: &str = "SELECT epoch_ns(min(started_at)) AS first_ns, epoch_ns(max(started_at)) AS last_ns, count(*) AS brought FROM span_rows WHERE sequence > ? AND sequence <= ?";
/// How much each record brought.
const BROUGHT: &str = "SELECT sequence, count(*) AS brought FROM (
    SELECT sequence FROM span_rows WHERE sequence > $1 AND sequence <= $2
    UNION ALL SELECT sequence FROM platform_rows WHERE sequence > $1 AND sequence <= $2
) GROUP BY sequence ORDER BY sequence";
/// How many there are to gather.
const OF_MINUTES: &str = "SELECT count(*) FROM span_rows
    WHERE started_at BETWEEN (SELECT make_timestamp_ns(min(minute) * 60000000000) FROM dirty)
                         AND (SELECT make_timestamp_ns(least(max(minute) + 1, 153722867) * 60000000000) FROM dirty)
      AND epoch_ns(started_at) // 60000000000 IN (SELECT minute FROM dirty)";
const FORGET_SERVICES: &str =
    "DELETE FROM service_minutes WHERE epoch_ns(minute) // 60000000000 IN (SELECT minute FROM dirty)";
const FORGET_EDGES: &str =
    "DELETE FROM edge_minutes WHERE epoch_ns(minute) // 60000000000 IN (SELECT minute FROM dirty)";
/// Clocks of senders may show any year; costs end before the last a timestamp can say.
const MARK_COSTS: &str =
    "INSERT INTO cost_dirty SELECT make_timestamp_ns(minute * 60000000000) FROM dirty WHERE minute < 153722000";

/// The thread that rolls up.
pub(crate) struct Roller {
    stop: Arc<AtomicBool>,
    /// Held during a roll. Whoever checkpoints or removes minutes holds it too.
    pub quiet: Arc<Mutex<()>>,
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
        let quiet = Arc::new(Mutex::new(()));
        let running = Arc::new(Mutex::new(None));
        let work = Work {
            engine,
            progress,
            now,
            stop: stop.clone(),
            quiet: quiet.clone(),
            running: running.clone(),
            rolled: None,
            took: Duration::ZERO,
            divided: 1,
            costs: Costs::new(),
            costs_left: false,
            costs_next: Instant::now(),
        };
        let thread = std::thread::Builder::new().name("roller".to_owned()).spawn(move || work.run())?;
        Ok(Self { stop, quiet, running, thread: Some(thread) })
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
    quiet: Arc<Mutex<()>>,
    running: Arc<Running>,
    /// Counted and told of up to here; read from the database first.
    rolled: Option<u64>,
    /// How long the last roll took.
    took: Duration,
    costs: Costs,
    /// Whether minutes are still marked: they are computed even when nothing comes.
    costs_left: bool,
    /// Not before: computing them failed, and whatever else there is to do does not wait for it.
    costs_next: Instant,
    /// Of this many parts of a step one is taken at a time: more after a failure, for a step may need more memory than there is.
    divided: u64,
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
                || self.rolled.is_none_or(|rolled| written > rolled);
            // Asked with every look: whoever was behind when the last roll ended may have caught up long before it has rested.
            let rested = Instant::now() >= next.max(ended + self.rest(came.elapsed() < QUIET));
            if pending && (rested || (stopping && self.took < QUICK)) {
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
                        tracing::error!(error = %chain(&error), "rolling up failed; it is tried again later");
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

    /// Tells of the next steps of what is written, each kept by itself but the last, and with that one counts them all.
    fn roll(&mut self) -> Result<(), StoreError> {
        let db = self.engine.lend()?;
        let running = self.running.clone();
        let _running = Interruptible::new(&running, db.interrupt_handle());
        let quiet = self.quiet.clone();
        let alone = || quiet.lock().unwrap_or_else(PoisonError::into_inner);
        let written = self.progress.written_sequence.load(Relaxed);
        let sequence = |sql| -> Result<u64, StoreError> { Ok(db.query_row(sql, [], |row| row.get(0))?) };
        let rolled = sequence("SELECT sequence FROM rolled")?;
        let mut told = sequence("SELECT sequence FROM invoked")?;
        let end = COUNTED.end(&db, told.min(rolled), written, self.divided)?;
        loop {
            let next = STEP.end(&db, told, end, self.divided)?;
            if next >= end {
                break;
            }
            let step = alone();
            transaction(&db, |db| self.tell(db, told, next))?;
            drop(step);
            told = next;
            std::thread::sleep(BREATH);
        }
        let _alone = alone();
        // With what is just coming the newest minutes are computed at once, so that nobody finds them marked. After an absence, or a
        // failure, what was told and counted is kept first: no stretch of minutes, however large, undoes it.
        let together = self.divided == 1 && end == written && Instant::now() >= self.costs_next;
        transaction(&db, |db| {
            self.tell(db, told, end)?;
            if end > rolled {
                compute(db, rolled, end, self.divided)?;
            }
            if together { self.costs.compute(db) } else { Ok(()) }
        })?;
        self.rolled = Some(end);
        self.compute_costs(&db)
    }

    /// Of the invocations in records after `told` up to `end`.
    fn tell(&self, db: &Connection, mut told: u64, end: u64) -> Result<(), StoreError> {
        while told < end {
            let until = TOLD.end(db, told, end, self.divided)?;
            invoke::tell(db, told, until)?;
            told = until;
        }
        Ok(())
    }

    /// Computes stretches of marked minutes, each kept by itself, until it is enough. One that fails is left for later, and smaller.
    fn compute_costs(&mut self, db: &Connection) -> Result<(), StoreError> {
        let until = Instant::now() + ENOUGH;
        self.costs_left = costs::is_any_marked(db)?;
        while self.costs_left && Instant::now() >= self.costs_next && Instant::now() < until {
            match transaction(db, |db| self.costs.compute(db)) {
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

/// In smaller parts if it is `divided`.
fn compute(db: &Connection, rolled: u64, written: u64, divided: u64) -> Result<(), StoreError> {
    let seen: Option<(i64, i64, u64)> = db.query_row(BEGUN, [rolled, written], |row| {
        let seen = row.get::<_, Option<i64>>("first_ns")?.zip(row.get("last_ns")?);
        let brought = row.get("brought")?;
        Ok(seen.map(|(first, last)| (first, last, brought)))
    })?;
    if let Some((first, last, brought)) = seen {
        let reach = reach(db, (first, last), &OF_CALLS)?;
        let (low, high) = around((first, last), reach);
        db.execute_batch("CREATE OR REPLACE TEMP TABLE dirty (minute BIGINT)")?;
        let parts = brought.div_ceil(STEP.spans).max(divided.min(MOST_PARTS));
        for part in 0..parts {
            let asked = duckdb::params![rolled, written, low, high, parts, part];
            db.execute(include_str!("queries/roll_dirty.sql"), asked)?;
        }
        let gather = include_str!("queries/roll_spans.sql").replace("/* requests */", REQUESTS);
        let spans: u64 = db.query_row(OF_MINUTES, [], |row| row.get(0))?;
        let parts = spans.div_ceil(GATHERED).max(divided.min(MOST_PARTS));
        for part in 0..parts {
            let into = if part == 0 { "CREATE OR REPLACE TEMP TABLE rolling AS" } else { "INSERT INTO temp.rolling" };
            let asked = [reach, parts, part].map(|number| i64::try_from(number).unwrap_or(0));
            db.execute(&gather.replace("/* into */", into), asked)?;
        }
        db.execute_batch(FORGET_SERVICES)?;
        db.execute_batch(&["INSERT INTO service_minutes\n", SERVICE_ROWS].concat())?;
        db.execute_batch(FORGET_EDGES)?;
        db.execute_batch(&["INSERT INTO edge_minutes\n", EDGE_ROWS].concat())?;
        db.execute_batch(MARK_COSTS)?;
        // The connection goes back to the others, and memory too.
        db.execute_batch("DROP TABLE temp.rolling; DROP TABLE temp.dirty")?;
    }
    db.execute(include_str!("queries/roll_signs.sql"), duckdb::params![rolled, written])?;
    db.execute("UPDATE rolled SET sequence = ?", [written])?;
    Ok(())
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
    fn minutes_gathered_in_parts_say_what_they_say_gathered_at_once() {
        let db = Connection::open_in_memory().unwrap();
        crate::schema::prepare(&db, std::path::Path::new("memory"), Timestamp::EPOCH).unwrap();
        db.execute_batch(
            "INSERT INTO span_rows BY NAME
            SELECT
                1 AS sequence, md5(n::VARCHAR) AS trace_id, span_id, parent AS parent_span_id, service, kind, remote AS remote_kind,
                remote AS remote_name, 'lambda' AS platform, 'sync' AS way, '' AS name, 257 AS flags, 1 AS resource_id,
                make_timestamp_ns(1795442602418000000 + n * 700000000) AS started_at, 1000000 * (n % 7 + 1) AS duration_ns,
                'unset' AS status, '' AS status_message, '' AS trace_state, '' AS scope_name, '' AS scope_version, false AS error,
                n % 9 = 0 AS fault, false AS throttle, 0 AS dropped_attributes_count, 0 AS dropped_events_count,
                0 AS dropped_links_count, 0 AS oddities, make_timestamp_ns(0) AS received_at
            FROM range(300) AS traces(n), (VALUES
                ('a', NULL, 'web', 'server', NULL), ('b', 'a', 'web', 'client', NULL), ('c', 'b', 'api', 'server', NULL),
                ('d', 'c', 'api', 'client', 'dynamodb')
            ) AS spans(span_id, parent, service, kind, remote)",
        )
        .unwrap();
        let minutes = || {
            ["service_minutes", "edge_minutes"].map(|table| {
                let all =
                    format!("SELECT string_agg(told::VARCHAR, chr(10) ORDER BY told::VARCHAR) FROM {table} AS told");
                db.query_row(&all, [], |row| row.get::<_, String>(0)).unwrap()
            })
        };
        compute(&db, 0, 1, 1).unwrap();
        let at_once = minutes();
        assert!(at_once.iter().zip(["web", "dynamodb"]).all(|(told, name)| told.contains(name)), "{at_once:?}");
        compute(&db, 0, 1, 8).unwrap();
        assert_eq!(minutes(), at_once);
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
        let (stop, quiet) = Default::default();
        Roller { stop, quiet, running: running.clone(), thread: Some(thread) }.finish();
        assert!(heard.recv().unwrap(), "it was interrupted");
        assert!(lock(&running).is_none(), "and whoever has the connection next is not");
    }
}
