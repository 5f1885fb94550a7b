//! The journal: what is acknowledged is here first, on the disk, until the database has it for good.
//!
//! A batch goes through three hands. [`Journal::append`] encodes it on the caller's thread and queues it; one syncing thread
//! takes all that waits, writes it, syncs once and acknowledges every batch of the group; one [`Reader`] hands the batches
//! on in order, from memory as long as they are there, else from the files. So acknowledgements never wait for the database.
//!
//! **Invariants.** Acknowledged means synced. After a failed sync nothing is acknowledged before a new file was made and
//! synced. Sequences only grow. The queue, the batches kept in memory and the files are bounded. A file is deleted only
//! by [`Journal::release`], and a damaged one never: it stays in the quarantine.
//!
//! Not here: what becomes of a batch (the writer), when a position is safe (the store, after a checkpoint), who may open a
//! directory (the store's lock).

mod disk;
mod log;
mod quarantine;
mod reader;
mod record;
mod recover;
mod release;
mod room;
mod segment;
mod shared;
mod sync;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use coldlight_model::{Batch, Busy, BusyReason, Timestamp};
use tokio::sync::{Semaphore, oneshot};

use disk::{Disk, RealDisk};
use log::Log;
use segment::{Entry, MOST_RECORD};
use shared::{Shared, Waiting, busy};

pub use disk::Space;
pub use reader::{Journaled, Reader};
pub use record::{RecordError, decode, encode};
pub use recover::{Damage, Recovered};

/// The journal's place in the data directory.
const DIRECTORY: &str = "journal";
/// Where damaged files are kept.
const QUARANTINE: &str = "quarantine";
/// An entry counts as at least this much of the queue, which bounds their number.
const LEAST_COST: usize = 1 << 10;

/// How much the journal may hold, and where it starts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A file is full from here on. At most a quarter of `limit_bytes`, so that releasing always makes room.
    pub segment_bytes: u64,
    /// All files together: from here on [`Journal::room`] refuses.
    pub limit_bytes: u64,
    /// Free disk space below which [`Journal::room`] refuses; by default 1 GiB or 5 % of the disk, whichever is more.
    pub reserve_bytes: Option<u64>,
    /// Encoded batches waiting for the disk; appending waits beyond.
    pub queue_bytes: usize,
    /// Estimated memory of the batches kept for the reader; beyond, it reads them from the files.
    pub memory_bytes: usize,
    /// The sequence of the first record, where the files do not say a later one: the database's position and 1.
    pub first_sequence: u64,
    /// How long after a failure the next file is tried.
    pub retry: Duration,
    /// The wall clock, for [`Journaled::acknowledged_at`].
    pub now: fn() -> Timestamp,
}

impl Settings {
    pub fn new(now: fn() -> Timestamp) -> Self {
        Self {
            segment_bytes: 64 << 20,
            limit_bytes: 1 << 30,
            reserve_bytes: None,
            queue_bytes: 64 << 20,
            memory_bytes: 256 << 20,
            first_sequence: 1,
            retry: Duration::from_secs(1),
            now,
        }
    }
}

/// Why the journal could not be opened, read or freed.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("{doing} {}", path.display())]
    Disk { doing: &'static str, path: PathBuf, source: io::Error },
    /// Only a later coldlight can read it, and reading the rest would lose what it wrote.
    #[error("{} was written by a later coldlight (version {version}, this one knows {known})", path.display())]
    Newer { path: PathBuf, version: u32, known: u32 },
}

/// For `map_err`: what was being done to which file.
fn on(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JournalError {
    let path = path.to_owned();
    move |source| JournalError::Disk { doing, path, source }
}

/// How full the journal is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JournalStatus {
    /// Why [`Journal::room`] refuses just now, if it does.
    pub busy: Option<BusyReason>,
    pub bytes: u64,
    pub limit_bytes: u64,
    pub segments: u64,
    /// The oldest record on the disk.
    pub first: Option<u64>,
    /// The newest record acknowledged, or the one before the first to come.
    pub last: u64,
    /// Encoded batches not yet synced.
    pub waiting: u64,
    pub waiting_bytes: u64,
    /// Estimated memory of the batches kept for the reader.
    pub memory_bytes: u64,
    /// When the oldest batch was acknowledged that is kept in memory for the reader.
    pub oldest_in_memory: Option<Timestamp>,
    pub space: Space,
    pub reserve_bytes: u64,
    /// Writes and syncs that failed since the start.
    pub failures: u64,
    /// Records that readers had to skip since the start, those missing at the start included.
    pub unreadable: u64,
}

/// The journal of one data directory. Dropping it closes it.
pub struct Journal {
    shared: Arc<Shared>,
    queue: Arc<Semaphore>,
    queue_bytes: usize,
    thread: Mutex<Option<JoinHandle<()>>>,
    releasing: Mutex<()>,
}

impl Journal {
    /// Opens `journal/` in the directory `root`, which the caller holds alone, and starts the syncing thread. Blocks while it
    /// reads all that is there.
    pub fn open(root: &Path, settings: Settings) -> Result<(Self, Recovered), JournalError> {
        Self::open_on(Arc::new(RealDisk), root, settings)
    }

    fn open_on(disk: Arc<dyn Disk>, root: &Path, mut settings: Settings) -> Result<(Self, Recovered), JournalError> {
        settings.first_sequence = settings.first_sequence.max(1);
        settings.segment_bytes = settings.segment_bytes.min(settings.limit_bytes / 4);
        // What is given out at once cannot be more than a semaphore counts.
        settings.queue_bytes = settings.queue_bytes.clamp(LEAST_COST, u32::MAX as usize >> 1);
        let (segments, recovered) = recover::recover(&*disk, root, settings.first_sequence)?;
        let log = Log::new(Arc::clone(&disk), root.join(DIRECTORY), settings.segment_bytes, recovered.last);
        let queue_bytes = settings.queue_bytes;
        let shared = Arc::new(Shared::new(disk, root, settings, segments, recovered.last));
        let thread = std::thread::Builder::new()
            .name("journal".into())
            .spawn({
                let shared = Arc::clone(&shared);
                move || sync::run(&shared, log)
            })
            .map_err(on("starting the thread for", &root.join(DIRECTORY)))?;
        let journal = Self {
            shared,
            queue: Arc::new(Semaphore::new(queue_bytes)),
            queue_bytes,
            thread: Mutex::new(Some(thread)),
            releasing: Mutex::new(()),
        };
        Ok((journal, recovered))
    }

    /// Waits up to `wait` until a request may be taken: the files are below their limit and the disk above its reserve, no sync
    /// failed and the store does not [refuse](Self::refuse). Takes nothing; needs Tokio's timer.
    pub async fn room(&self, wait: Duration) -> Result<(), Busy> {
        room::room(&self.shared, wait).await
    }

    /// Resolves once `batch` is on the disk. Waits while the queue is full.
    ///
    /// Does not ask for [room](Self::room): what was let in is finished. An empty batch is acknowledged without touching the
    /// disk. A caller that goes away leaves its batch queued.
    pub async fn append(&self, batch: Batch) -> Result<(), Busy> {
        if batch.is_empty() {
            return Ok(());
        }
        self.shared.may_append()?;
        let (entry, weight) = Entry::new(|bytes| encode(&batch, bytes));
        if entry.record_length() > MOST_RECORD {
            // The receiver's bounds are far below: this is a mistake in the settings, and retrying will not mend it.
            tracing::error!(bytes = entry.record_length(), "a batch is longer than a journal record can be");
            return Err(busy(BusyReason::MemoryFull));
        }
        let cost = entry.bytes().len().clamp(LEAST_COST, self.queue_bytes);
        let permit = Arc::clone(&self.queue).acquire_many_owned(u32::try_from(cost).unwrap_or(u32::MAX)).await;
        let permit = permit.map_err(|_| busy(BusyReason::Draining))?;
        let (done, outcome) = oneshot::channel();
        self.shared.enqueue(Waiting { entry, batch: Some(batch), weight, done, permit })?;
        outcome.await.unwrap_or(Err(busy(BusyReason::JournalFailed)))
    }

    /// Reads every record after `position`, in order. One reader at a time gets batches from memory; a new one started further
    /// back reads from the files until it has caught up.
    pub fn reader(&self, position: u64) -> Reader {
        Reader::new(Arc::clone(&self.shared), position)
    }

    /// From now on [`Self::room`] refuses for `reason`; what was let in before may still be appended.
    pub fn refuse(&self, reason: BusyReason) {
        self.shared.refuse(Some(reason));
    }

    /// Takes back [`Self::refuse`].
    pub fn accept(&self) {
        self.shared.refuse(None);
    }

    /// Deletes the files that hold nothing after `position`, and tells how many bytes that freed. Call it when everything up
    /// to `position` is in a checkpoint.
    pub fn release(&self, position: u64) -> Result<u64, JournalError> {
        let _alone = self.releasing.lock().unwrap_or_else(PoisonError::into_inner);
        release::release(&self.shared, position)
    }

    pub fn status(&self) -> JournalStatus {
        self.shared.status()
    }

    /// Takes nothing more, syncs and acknowledges what is queued, and ends the syncing thread. Readers still get what is left.
    /// Blocks for as long as the disk needs.
    pub fn close(&self) {
        self.queue.close();
        self.shared.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the syncing thread of the journal panicked");
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.close();
    }
}
