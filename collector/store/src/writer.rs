//! The single writer: journal records in, committed rows out.
//!
//! DuckDB blocks, so the writer owns its connection on a plain thread, fed by the journal. A batch was acknowledged when
//! the journal synced it; here it becomes rows, once, with its position in the same transaction. Between commits the
//! same thread keeps the rollups, checkpoints and retention, so that there never are two writing transactions.
//!
//! Not here: decoding OTLP (`receiver`), reading (`queries`).

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use coldlight_model::{BusyReason, ResourceId, Timestamp};

use crate::commit;
use crate::engine::{Engine, Lent};
use crate::error::StoreError;
use crate::journal::{Journal, Journaled, Reader};
use crate::progress::Progress;
use crate::roll::Roll;
use crate::settings::Settings;
use crate::upkeep::{Checkpoint, Removed, Retention};

/// How long the writer sleeps when nothing comes; also how soon it sees that it should stop.
const IDLE: Duration = Duration::from_millis(50);

/// A block is gathered this many times as long as the last commit took, so that commits take at most a fifth of the time.
const GATHER: u32 = 4;

/// How long to wait before a block is tried again.
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
    pub stop: Arc<std::sync::atomic::AtomicBool>,
    /// How long the last commit took.
    pub last_commit: Duration,
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

impl From<duckdb::Error> for Halt {
    fn from(error: duckdb::Error) -> Self {
        StoreError::Database(error).into()
    }
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
            self.engine.reopen()?;
            self.progress.reopened.fetch_add(1, Relaxed);
            let written = commit::written_sequence(&*self.engine.lend()?)?;
            self.progress.written_sequence.store(written, Relaxed);
            self.reader = self.journal.reader(written);
            self.journal.accept();
        }
    }

    fn write_until_stopped(&mut self) -> Result<(), Halt> {
        let db = self.engine.lend()?;
        let mut known: HashSet<ResourceId> = commit::known_resources(&db)?;
        let mut roll = Roll::new(&db)?;
        let mut checkpoint = Checkpoint::new(&self.settings, (self.now)());
        let mut retention = Retention::new(&self.settings);
        loop {
            let stopping = self.stop.load(Relaxed);
            let block = self.gather()?;
            if block.is_empty() {
                if stopping {
                    break;
                }
            } else {
                let started = Instant::now();
                let rows = self.commit(&db, &block, &mut known)?;
                self.last_commit = started.elapsed();
                checkpoint.wrote(rows);
            }
            if !stopping {
                let written = self.progress.written_sequence.load(Relaxed);
                survive("rolling up", roll.if_due(&db, written))?;
                let removed = retention.if_due(&db, &self.settings, (self.now)(), &self.progress);
                let removed = survive("retention", removed)?;
                if removed == Some(Removed::BySize) || checkpoint.is_due((self.now)()) {
                    self.checkpoint(&db, &mut checkpoint)?;
                }
            }
        }
        survive("rolling up", roll.now(&db, self.progress.written_sequence.load(Relaxed)))?;
        self.checkpoint(&db, &mut checkpoint)?;
        Ok(())
    }

    /// What has been acknowledged and not written: at most a block, gathered for at most `commit_every`. When commits are
    /// quick the wait is short too, a few times what the last one took: an idle store shows a span at once.
    fn gather(&mut self) -> Result<Vec<Journaled>, StoreError> {
        let mut block = Vec::new();
        let Some(first) = self.reader.next(IDLE)? else { return Ok(block) };
        self.progress.oldest_waiting.store(first.acknowledged_at.nanos() as u64, Relaxed);
        let deadline = Instant::now() + (self.last_commit * GATHER).min(self.settings.commit_every);
        let mut rows = rows_of(&first);
        block.push(first);
        while rows < self.settings.block_rows {
            let left = deadline.saturating_duration_since(Instant::now());
            let Some(next) = self.reader.next(left)? else { break };
            rows += rows_of(&next);
            block.push(next);
        }
        for record in block.iter_mut().filter(|record| !record.batch.is_whole()) {
            let path = self.settings.data.join("quarantine").join(format!("record-{}", record.sequence));
            tracing::error!(file = %path.display(), "a record points at a resource it does not have; it is put aside");
            commit::keep_aside(&path, &std::mem::take(&mut record.batch))?;
        }
        self.progress.waiting_batches.store(block.len() as u64, Relaxed);
        Ok(block)
    }

    /// One transaction; a record that the database cannot take is put aside, never lost silently.
    fn commit(&self, db: &Lent, block: &[Journaled], known: &mut HashSet<ResourceId>) -> Result<u64, Halt> {
        let written = self.write_block(db, block, known)?;
        let now = (self.now)();
        let oldest = block.iter().map(|record| record.acknowledged_at).min().unwrap_or(now);
        let last = block.last().map_or(0, |record| record.sequence);
        self.progress.written_sequence.store(last, Relaxed);
        self.progress.duplicates.fetch_add(written.duplicates, Relaxed);
        self.progress.committed(now, written.spans, now.since(oldest));
        self.progress.oldest_waiting.store(0, Relaxed);
        self.progress.waiting_batches.store(0, Relaxed);
        self.visible.send_replace(last);
        Ok(written.rows)
    }

    /// Writes a block whatever it takes: again and again while the disk is full or memory short, record by record when one
    /// of them cannot be taken.
    fn write_block(
        &self,
        db: &Lent,
        block: &[Journaled],
        known: &mut HashSet<ResourceId>,
    ) -> Result<commit::Written, Halt> {
        loop {
            let mut written = commit::block(db, block, known);
            if let Err(StoreError::Database(error)) = &written
                && StoreError::is_about_data(error)
            {
                tracing::error!(%error, records = block.len(), "a block was refused; writing its records one by one");
                written = commit::one_by_one(db, block, known, &self.settings.data);
            }
            match written {
                Ok(written) => return Ok(written),
                Err(StoreError::Database(error)) if StoreError::is_fatal(&error) => return Err(Halt::Fatal(error)),
                // The journal keeps what cannot be written now; the next start writes it.
                Err(error) if self.stop.load(Relaxed) => return Err(Halt::Other(error)),
                Err(error) => {
                    tracing::error!(error = %chain(&error), "nothing can be written just now; trying again");
                    std::thread::sleep(AGAIN);
                }
            }
        }
    }

    /// Checkpoints, and lets go of the journal's segments that are now contained in the file.
    fn checkpoint(&self, db: &Lent, schedule: &mut Checkpoint) -> Result<(), Halt> {
        let contained = self.progress.written_sequence.load(Relaxed);
        match db.execute_batch("CHECKPOINT") {
            Ok(()) => {
                let now = (self.now)();
                schedule.done(now);
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
                // A reader that still needs old rows stands in the way: the next try is soon.
                tracing::warn!(%error, "checkpoint postponed");
                schedule.postpone((self.now)());
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

fn rows_of(record: &Journaled) -> usize {
    record.batch.spans.len() + record.batch.logs.len() + record.batch.metrics.len()
}

/// An error with its causes on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use coldlight_model::{Attributes, Batch, LogRecord, Resource, Scope, Timestamp, Value};

    use super::*;
    use crate::store::Store;

    fn log(n: u64) -> Batch {
        let record = LogRecord {
            at: Some(Timestamp::from_nanos(n)),
            observed_at: None,
            trace_id: None,
            span_id: None,
            flags: 0,
            severity_number: 9,
            severity_text: String::new(),
            body: Value::Int(n as i64),
            attributes: Attributes::new(),
            dropped_attributes_count: 0,
            event_name: String::new(),
            resource: 0,
            scope: 0,
        };
        Batch {
            received_at: Timestamp::from_nanos(1_795_442_602_418_000_000),
            resources: vec![Resource::default()],
            scopes: vec![Scope::default()],
            logs: vec![record],
            ..Batch::default()
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_fatal_error_heals_itself_and_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { disk_reserve_bytes: Some(0), ..Settings::new(folder.path()) };
        let store = Store::open(settings, || Timestamp::from_nanos(1_795_442_602_418_000_000)).unwrap();
        for n in 0..10 {
            if n == 3 || n == 7 {
                commit::fault::FATAL.store(1, Relaxed);
            }
            store.keep(log(n)).await.unwrap();
            let last = store.shared.journal.status().last;
            store.generation().wait_for(|written| *written >= last).await.unwrap();
        }
        let status = store.status().await.unwrap();
        assert_eq!((status.logs, status.reopened), (10, 2));
        assert_eq!(status.busy, None);
        store.close().unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_record_that_points_nowhere_is_put_aside_and_the_rest_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { disk_reserve_bytes: Some(0), ..Settings::new(folder.path()) };
        let store = Store::open(settings, || Timestamp::from_nanos(1_795_442_602_418_000_000)).unwrap();
        let mut nowhere = log(1);
        nowhere.logs[0].resource = 7;
        store.keep(nowhere).await.unwrap();
        store.keep(log(2)).await.unwrap();
        store.generation().wait_for(|written| *written >= 2).await.unwrap();
        assert_eq!(store.status().await.unwrap().logs, 1);
        assert!(folder.path().join("quarantine/record-1").exists());
        store.close().unwrap();
    }
}
