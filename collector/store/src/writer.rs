//! The single writer: journal records in, committed rows out.
//!
//! DuckDB blocks, so the writer owns its connection on a plain thread, fed by the journal. A batch was acknowledged when
//! the journal synced it; here it becomes rows, once, with its position in the same transaction. Rows go into a transaction
//! part by part; it ends when nothing more comes or exactly when a row group is full. What fails is rolled back and read from
//! the journal again. Between transactions the same thread checkpoints and removes what
//! is too old.
//!
//! Not here: decoding OTLP (`receiver`), reading (`queries`), rollups (`roll`).

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use coldlight_model::{BusyReason, Timestamp};

use crate::commit::{self, Known, Rest, Transaction, Written};
use crate::engine::{Engine, Lent, transaction};
use crate::error::{StoreError, chain};
use crate::journal::{Journal, Journaled, Reader};
use crate::part::{Part, gather, read_ahead};
use crate::progress::Progress;
use crate::renewal::Renewal;
use crate::roll::Roller;
use crate::settings::Settings;
use crate::span_blocks::Block;
use crate::threads::{self, Threads};
use crate::upkeep::{Allowance, Checkpoint, Removed, Retention};

/// How long the writer sleeps when nothing comes; also how soon it sees that it should stop.
const IDLE: Duration = Duration::from_millis(50);

/// A transaction is gathered this many times as long as the last one took, so that they take at most a fifth of the time.
const GATHER: u32 = 4;

/// How long to wait before a transaction is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// Fatal errors within a minute after which the program gives up and lets its supervisor start it anew.
const MAX_REOPENS_PER_MINUTE: usize = 3;

pub(crate) struct Writer {
    pub settings: Settings,
    pub now: fn() -> Timestamp,
    pub engine: Arc<Engine>,
    pub journal: Arc<Journal>,
    pub reader: Reader,
    pub progress: Arc<Progress>,
    pub visible: tokio::sync::watch::Sender<u64>,
    /// Held by whoever copies the files: no checkpoint meanwhile.
    pub steady: Arc<tokio::sync::Mutex<()>>,
    pub stop: Arc<std::sync::atomic::AtomicBool>,
    pub roller: Roller,
    /// How long the last transaction kept the database busy.
    pub last_commit: Duration,
    /// Span rows in the table's last row group, since it was begun.
    pub filled: usize,
    /// What did not fit into the row group before.
    pub rest: Option<Rest>,
    /// Read and made into columns while another part was written; comes after the rest.
    pub ahead: Option<Part>,
    /// What can be found in the spans written last.
    pub block: Block,
    /// Up to this record each has a transaction of its own: one of them cannot be taken.
    pub one_by_one_until: u64,
}

/// Why the loop ended early.
enum Halt {
    /// The instance is unusable: reopen and go on from the recorded position.
    Fatal(duckdb::Error),
    Other(StoreError),
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Database(error) if StoreError::is_fatal(&error) => Self::Fatal(error),
            other => Self::Other(other),
        }
    }
}

/// What one turn of the loop found.
enum Turn {
    Wrote(Written),
    /// Nothing waits.
    Idle,
    /// Something waits and could not be written just now.
    Blocked,
}

impl Writer {
    /// Writes until told to stop and everything acknowledged is written. Fatal database errors are survived by reopening.
    pub fn run(mut self) -> Result<(), StoreError> {
        let mut reopened: Vec<Instant> = Vec::new();
        loop {
            let error = match self.write_until_stopped() {
                Ok(()) => return Ok(()),
                Err(Halt::Fatal(error)) => error,
                Err(Halt::Other(error)) => {
                    tracing::error!(error = %chain(&error), "the writer failed");
                    self.journal.refuse(BusyReason::Reopening);
                    return Err(error);
                }
            };
            tracing::error!(%error, "fatal database error: reopening");
            self.journal.refuse(BusyReason::Reopening);
            reopened.retain(|at| at.elapsed() < Duration::from_secs(60));
            reopened.push(Instant::now());
            if reopened.len() > MAX_REOPENS_PER_MINUTE {
                return Err(StoreError::Database(error));
            }
            self.reopen()?;
            self.progress.reopened.fetch_add(1, Relaxed);
            let written = commit::written_sequence(&*self.engine.lend()?)?;
            self.progress.written_sequence.store(written, Relaxed);
            self.rewind();
            self.filled = 0;
            self.journal.accept();
        }
    }

    /// Opens the database anew, however long what stands in the way takes to go: a full disk, a question that does not end.
    fn reopen(&mut self) -> Result<(), StoreError> {
        while let Err(error) = self.engine.reopen() {
            if self.stop.load(Relaxed) || matches!(error, StoreError::TooNew { .. }) {
                return Err(error);
            }
            tracing::error!(error = %chain(&error), "the database cannot be reopened just now; trying again");
            std::thread::sleep(AGAIN);
        }
        Ok(())
    }

    fn write_until_stopped(&mut self) -> Result<(), Halt> {
        let mut db = self.engine.lend()?;
        let mut known = Known::read(&db)?;
        let mut renewal = Renewal::new(&self.settings);
        let mut checkpoint = Checkpoint::new(&self.settings, (self.now)());
        let mut retention = Retention::new(&self.settings);
        let mut threads = Threads::new(self.settings.threads);
        loop {
            let stopping = self.stop.load(Relaxed);
            let turn = self.turn(&db, &mut known)?;
            let is_idle = matches!(turn, Turn::Idle);
            match turn {
                Turn::Wrote(written) => {
                    renewal.wrote(written.rows);
                    checkpoint.wrote(written.rows, written.spans as usize >= self.settings.row_group_rows)
                }
                Turn::Idle if stopping => break,
                Turn::Idle | Turn::Blocked => {}
            }
            let is_behind = self.progress.is_behind((self.now)(), threads::PATIENCE);
            survive("changing the number of threads", threads.suit(&db, is_behind).map_err(StoreError::from))?;
            if !stopping {
                self.upkeep(&db, &mut checkpoint, &mut retention, is_idle)?;
                if renewal.is_due(is_idle) && !checkpoint.has_rows() {
                    let renewed;
                    (db, renewed) = self.renew(db)?;
                    if renewed {
                        (renewal, threads) = (Renewal::new(&self.settings), Threads::new(self.settings.threads));
                    }
                }
            }
        }
        self.roller.finish();
        self.keep_block(&db);
        // While the files are copied the log stays as it is: the next start reads it.
        let steady = self.steady.clone();
        if let Ok(_steady) = steady.try_lock()
            && Allowance::of(&self.settings.data).has_room_for_checkpoint()
        {
            self.checkpoint(&db, &mut checkpoint)?;
        }
        Ok(())
    }

    /// Opens the database anew if nobody else uses it just now, so that memory is given back. What comes meanwhile is taken as always.
    fn renew(&mut self, db: Lent) -> Result<(Lent, bool), Halt> {
        let (turns, steady) = (self.roller.turns.clone(), self.steady.clone());
        let (Some(_turn), Ok(_steady)) = (turns.try_take(false), steady.try_lock()) else { return Ok((db, false)) };
        let started = Instant::now();
        let renewed = match self.engine.renew(db) {
            Ok(renewed) => renewed,
            Err(error) => {
                tracing::error!(error = %chain(&error), "the database cannot be opened anew just now; trying again");
                self.reopen()?;
                true
            }
        };
        if renewed {
            self.progress.renewed.fetch_add(1, Relaxed);
            tracing::info!(took_ms = started.elapsed().as_millis() as u64, "the database was opened anew");
        }
        Ok((self.engine.lend()?, renewed))
    }

    /// Waits a moment for something to write and writes it.
    fn turn(&mut self, db: &Lent, known: &mut Known) -> Result<Turn, Halt> {
        let Some(room) = Allowance::of(&self.settings.data).transaction() else {
            let waiting = self.waiting();
            if waiting == 0 {
                std::thread::sleep(IDLE);
                return Ok(Turn::Idle);
            }
            tracing::error!(
                waiting,
                "the disk is full: what was acknowledged stays in the journal until there is space"
            );
            return self.blocked(StoreError::Full { data: self.settings.data.clone() });
        };
        if self.ahead.as_ref().is_some_and(|ahead| ahead.bytes > room) {
            // There is less space than when it was made ready: smaller parts are read.
            self.rewind();
        }
        let first = match (&self.rest, &self.ahead) {
            (None, None) => match self.reader.next(IDLE).map_err(StoreError::from)? {
                Some(first) => Some(first),
                None => return Ok(Turn::Idle),
            },
            _ => None,
        };
        // Of a rest, and of what was read ahead, the oldest is known already.
        if let Some(first) = &first {
            self.progress.oldest_waiting.store(first.acknowledged_at.nanos() as u64, Relaxed);
        }
        let oldest = Timestamp::from_nanos(self.progress.oldest_waiting.load(Relaxed));
        match self.transaction(db, known, first, room) {
            Ok(written) => {
                let now = (self.now)();
                self.progress.written_sequence.store(written.last, Relaxed);
                self.progress.duplicates.fetch_add(written.duplicates, Relaxed);
                self.progress.committed(now, written.spans, now.since(oldest));
                let rest = self.rest.as_ref().map(|rest| rest.acknowledged_at);
                let oldest = rest.or(self.ahead.as_ref().map(|ahead| ahead.acknowledged_at));
                self.progress.oldest_waiting.store(oldest.map_or(0, |at| at.nanos() as u64), Relaxed);
                self.filled = (self.filled + written.spans as usize) % self.settings.row_group_rows;
                self.visible.send_replace(written.last);
                Ok(Turn::Wrote(written))
            }
            Err(StoreError::Database(error)) if StoreError::is_fatal(&error) => Err(Halt::Fatal(error)),
            Err(StoreError::Database(error)) if StoreError::is_about_data(&error) => {
                self.one_by_one_until = self.reader.position();
                tracing::error!(%error, until = self.one_by_one_until, "a part was refused; writing its records one by one");
                self.rewind();
                Ok(Turn::Blocked)
            }
            Err(error) => {
                tracing::error!(error = %chain(&error), "nothing can be written just now; trying again");
                self.blocked(error)
            }
        }
    }

    /// What waits stays in the journal: it is tried again, or written by the next start.
    fn blocked(&mut self, error: StoreError) -> Result<Turn, Halt> {
        if self.stop.load(Relaxed) {
            return Err(Halt::Other(error));
        }
        self.rewind();
        std::thread::sleep(AGAIN);
        Ok(Turn::Blocked)
    }

    /// Reads again what no transaction has committed.
    fn rewind(&mut self) {
        (self.rest, self.ahead) = (None, None);
        self.reader = self.journal.reader(self.progress.written_sequence.load(Relaxed));
    }

    /// One transaction, from the rest of the last or from `first` on: for as long as `commit_every` at most, or until the row
    /// group is full when that much waits already. Takes rows of about `most` bytes.
    fn transaction(
        &mut self,
        db: &Lent,
        known: &mut Known,
        first: Option<Journaled>,
        most: usize,
    ) -> Result<Written, StoreError> {
        let first = match first {
            Some(first) if first.sequence <= self.one_by_one_until => return self.alone(db, known, &first),
            first => first,
        };
        let deadline = Instant::now() + (self.last_commit * GATHER).min(self.settings.commit_every);
        let (mut busy, mut bytes, mut records) = (Duration::ZERO, 0, 0);
        let room = self.settings.row_group_rows - self.filled;
        let mut transaction = Transaction::begin(db, known, room)?;
        if let Some(rest) = self.rest.take() {
            let started = Instant::now();
            transaction.resume(rest)?;
            busy += started.elapsed();
        }
        let mut next = match first {
            Some(first) => Some(Part::of(gather(&mut self.reader, first, deadline, self.settings.part_rows, most)?)),
            None if transaction.is_full() => None,
            None => self.next(Duration::ZERO, deadline, most)?,
        };
        while let Some(part) = next.take() {
            let started = Instant::now();
            records += part.records;
            bytes += part.bytes;
            for record in &part.broken {
                tracing::error!(sequence = record.sequence, "a record points at a resource it does not have");
                commit::keep_aside(&self.settings.data, record)?;
            }
            self.block.add(&part);
            self.write(&mut transaction, part)?;
            busy += started.elapsed();
            if transaction.is_full() || bytes >= most {
                break;
            }
            let left = (room as u64).saturating_sub(transaction.written().spans);
            let fills = records > 0 && self.waiting() * transaction.written().spans / records >= left;
            if fills || Instant::now() < deadline {
                next = self.next(deadline.saturating_duration_since(Instant::now()), deadline, most - bytes)?;
            }
        }
        let started = Instant::now();
        // A block ends with a row group, so that what is found in it is looked for in no other.
        let has_room = self.block.spans() + self.settings.row_group_rows <= self.settings.block_rows;
        let block_is_full = transaction.is_full() && !has_room || self.block.spans() >= self.settings.block_rows;
        if block_is_full {
            transaction.keep(&self.block)?;
        }
        let (written, rest) = transaction.commit()?;
        if block_is_full {
            self.block.clear();
            rest.iter().for_each(|rest| self.block.begin_with(rest));
        }
        self.rest = rest;
        self.last_commit = busy + started.elapsed();
        tracing::debug!(rows = written.rows, took_ms = self.last_commit.as_millis() as u64, "committed");
        Ok(written)
    }

    /// The next part of at most about `most` bytes, waiting up to `wait` for it; what was read ahead comes first, if it fits.
    fn next(&mut self, wait: Duration, deadline: Instant, most: usize) -> Result<Option<Part>, StoreError> {
        match self.ahead.take() {
            Some(ahead) if ahead.bytes > most => {
                self.ahead = Some(ahead);
                Ok(None)
            }
            Some(ahead) => Ok(Some(ahead)),
            None => match self.reader.next(wait)? {
                Some(first) => {
                    Ok(Some(Part::of(gather(&mut self.reader, first, deadline, self.settings.part_rows, most)?)))
                }
                None => Ok(None),
            },
        }
    }

    /// Writes a part. What waits behind it is read and made into columns meanwhile, by a thread of its own.
    fn write(&mut self, transaction: &mut Transaction<'_>, part: Part) -> Result<(), StoreError> {
        if self.ahead.is_some() || self.reader.waiting() == 0 {
            return transaction.write(part);
        }
        let (reader, rows) = (&mut self.reader, self.settings.part_rows);
        let (written, ahead) = std::thread::scope(|scope| {
            let columns = std::thread::Builder::new().name("columns".to_owned());
            let ahead = columns.spawn_scoped(scope, move || read_ahead(reader, rows));
            let written = transaction.write(part);
            // Without a thread nothing is read ahead.
            let ahead = ahead.map(|ahead| ahead.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            (written, ahead.unwrap_or(Ok(None)))
        });
        self.ahead = ahead?;
        written
    }

    /// How many records wait, at most, with those that were read ahead.
    fn waiting(&self) -> u64 {
        self.reader.waiting() + self.ahead.as_ref().map_or(0, |ahead| ahead.records)
    }

    /// Keeps what can be found in the spans written last, when no more will come. Where that fails they are read always.
    fn keep_block(&self, db: &Lent) {
        if let Err(error) = transaction(db, |db| self.block.keep(db, u64::MAX)) {
            tracing::warn!(error = %chain(&error), "searches will read the newest spans whole");
        }
    }

    /// A transaction of one record; what no table can take is put aside, never lost silently.
    fn alone(&mut self, db: &Lent, known: &mut Known, record: &Journaled) -> Result<Written, StoreError> {
        let mut transaction = Transaction::begin(db, known, usize::MAX)?;
        let part = Part::of(vec![record.clone()]);
        self.block.add(&part);
        match transaction.write(part) {
            Ok(()) => Ok(transaction.commit()?.0),
            Err(StoreError::Database(error)) if StoreError::is_about_data(&error) => {
                tracing::error!(%error, sequence = record.sequence, "a record is refused");
                drop(transaction);
                commit::keep_aside(&self.settings.data, record)?;
                let mut transaction = Transaction::begin(db, known, 0)?;
                transaction.skip(record);
                Ok(transaction.commit()?.0)
            }
            Err(error) => Err(error),
        }
    }

    /// Checkpoints and removals, when they are due and no roll has its turn.
    fn upkeep(
        &mut self,
        db: &Lent,
        checkpoint: &mut Checkpoint,
        retention: &mut Retention,
        is_idle: bool,
    ) -> Result<(), Halt> {
        let turns = self.roller.turns.clone();
        let Some(_turn) = turns.try_take(checkpoint.is_due((self.now)())) else { return Ok(()) };
        let steady = self.steady.clone();
        let Ok(_steady) = steady.try_lock() else { return Ok(()) };
        let removed = retention.if_due(db, &self.settings, (self.now)(), &self.progress);
        let removed = survive("retention", removed)?;
        let allowance = Allowance::of(&self.settings.data);
        let most_wal = if is_idle { self.settings.idle_wal_bytes } else { Allowance::MOST_WAL };
        // Whatever is written stays in the journal until a checkpoint, and takes the place of what comes.
        let journal_is_long =
            checkpoint.has_rows() && self.journal.status().bytes > self.settings.journal_limit_bytes / 2;
        if removed == Some(Removed::BySize) || journal_is_long || allowance.calls_for_checkpoint(most_wal) {
            checkpoint.hurry();
        }
        if checkpoint.is_due((self.now)()) {
            if allowance.has_room_for_checkpoint() {
                self.checkpoint(db, checkpoint)?;
            } else {
                checkpoint.postpone((self.now)());
            }
        }
        Ok(())
    }

    /// Checkpoints, and lets go of the journal's segments that are now contained in the file.
    fn checkpoint(&mut self, db: &Lent, schedule: &mut Checkpoint) -> Result<(), Halt> {
        let contained = self.progress.written_sequence.load(Relaxed);
        let started = Instant::now();
        match db.execute_batch("CHECKPOINT") {
            Ok(()) => {
                tracing::debug!(took_ms = started.elapsed().as_millis() as u64, "checkpointed");
                let now = (self.now)();
                schedule.done(now);
                // What comes next begins a row group of its own.
                self.filled = 0;
                self.progress.last_checkpoint_at.store(now.nanos() as u64, Relaxed);
                match self.journal.release(contained) {
                    Ok(_) => Ok(()),
                    // The segments stay; the next checkpoint tries again.
                    Err(error) => {
                        tracing::error!(error = %chain(&error), "journal segments could not be removed");
                        Ok(())
                    }
                }
            }
            Err(error) if StoreError::is_fatal(&error) => Err(Halt::Fatal(error)),
            Err(error) => {
                // A reader that still needs old rows, or writes a table of its own, stands in the way: the next try is soon.
                if schedule.postpone((self.now)()) {
                    tracing::warn!(%error, "checkpoint postponed");
                }
                Ok(())
            }
        }
    }
}

/// What the writer does besides writing may fail and is tried again later; only a fatal error ends the loop.
fn survive<T>(doing: &str, done: Result<T, StoreError>) -> Result<Option<T>, Halt> {
    match done {
        Err(StoreError::Database(error)) if StoreError::is_fatal(&error) => Err(Halt::Fatal(error)),
        Err(error) => {
            tracing::error!(error = %chain(&error), "{doing} failed; it is tried again later");
            Ok(None)
        }
        Ok(done) => Ok(Some(done)),
    }
}

#[cfg(test)]
mod tests;
