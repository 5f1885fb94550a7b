//! The store as the server holds it: opens everything in order, takes batches, answers, closes.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use coldlight_model::{Batch, Busy, BusyReason, Timestamp};
use duckdb::Connection;
use tokio::sync::watch;

use crate::ask::Asker;
use crate::commit;
use crate::engine::Engine;
use crate::error::StoreError;
use crate::journal::{self, Journal};
use crate::lock::{self, DataLock};
use crate::progress::Progress;
use crate::roll::Roller;
use crate::settings::Settings;
use crate::span_blocks::Block;
use crate::sql::Apart;
use crate::writer::Writer;

/// Spans, logs and metrics, kept. Clones are cheap and speak of the same store.
#[derive(Clone)]
pub struct Store {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub settings: Settings,
    pub now: fn() -> Timestamp,
    pub engine: Arc<Engine>,
    pub journal: Arc<Journal>,
    pub progress: Arc<Progress>,
    asker: Asker,
    /// Held while no checkpoint may run.
    pub steady: Arc<tokio::sync::Mutex<()>>,
    apart: Option<Apart>,
    journal_damage: Vec<String>,
    visible: watch::Receiver<u64>,
    stop: Arc<AtomicBool>,
    writer: Mutex<Option<JoinHandle<Result<(), StoreError>>>>,
    _lock: DataLock,
}

impl Shared {
    /// Damage found in the files of the database and of the journal, since the start.
    pub fn quarantined(&self) -> Vec<String> {
        let mut names = self.engine.quarantined();
        names.extend(self.journal_damage.iter().cloned());
        names
    }
}

/// Damage of a journal segment, in words.
fn damage(damage: &journal::Damage) -> String {
    let kept = damage.kept_as.as_deref().map_or_else(String::new, |path| format!(", kept as {}", path.display()));
    format!("journal/{}: {} bytes at {} unreadable{kept}", damage.segment, damage.bytes, damage.offset)
}

impl Store {
    /// Opens or makes the store in `settings.data`. Blocking: replays nothing itself, the writer does that behind it.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process has it, [`StoreError::TooNew`] when a newer program wrote it.
    pub fn open(settings: Settings, now: fn() -> Timestamp) -> Result<Self, StoreError> {
        std::fs::create_dir_all(&settings.data)
            .map_err(|source| StoreError::File { path: settings.data.clone(), source })?;
        let lock = lock::take(&settings.data)?;
        let engine = Engine::open(&settings, now)?;
        let written = commit::written_sequence(&*engine.lend()?)?;
        let (journal, recovered) = Journal::open(
            &settings.data,
            journal::Settings {
                limit_bytes: settings.journal_limit_bytes,
                segment_bytes: settings.segment_bytes,
                reserve_bytes: settings.disk_reserve_bytes,
                memory_bytes: settings.journal_memory_bytes,
                first_sequence: written + 1,
                ..journal::Settings::new(now)
            },
        )?;
        let journal = Arc::new(journal);
        let progress = Arc::new(Progress::default());
        progress.written_sequence.store(written, Relaxed);
        let (sender, visible) = watch::channel(written);
        let stop = Arc::new(AtomicBool::new(false));
        let steady = Arc::new(tokio::sync::Mutex::new(()));
        let writer = Writer {
            settings: settings.clone(),
            now,
            engine: engine.clone(),
            reader: journal.reader(written),
            journal: journal.clone(),
            progress: progress.clone(),
            visible: sender,
            steady: steady.clone(),
            stop: stop.clone(),
            roller: Roller::start(engine.clone(), progress.clone(), now)
                .map_err(|source| StoreError::File { path: settings.data.clone(), source })?,
            last_commit: Duration::ZERO,
            filled: 0,
            rest: None,
            ahead: None,
            block: Block::new(written),
            one_by_one_until: 0,
        };
        let thread = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || writer.run())
            .map_err(|source| StoreError::File { path: settings.data.clone(), source })?;
        let asker = Asker::new(engine.clone(), settings.readers, settings.query_timeout);
        let apart = Apart::new(&settings);
        Ok(Self {
            shared: Arc::new(Shared {
                settings,
                now,
                engine,
                journal,
                progress,
                asker,
                steady,
                apart,
                journal_damage: recovered.damages.iter().map(damage).collect(),
                visible,
                stop,
                writer: Mutex::new(Some(thread)),
                _lock: lock,
            }),
        })
    }

    /// The longest time a question may take.
    pub fn query_timeout(&self) -> Duration {
        self.shared.settings.query_timeout
    }

    /// Resolves when a batch could be taken; after `wait` says why not.
    pub async fn room(&self, wait: Duration) -> Result<(), Busy> {
        self.shared.journal.room(wait).await
    }

    /// Keeps a batch: `Ok` means it is on disk.
    pub async fn keep(&self, batch: Batch) -> Result<(), Busy> {
        if batch.is_empty() {
            return Ok(());
        }
        self.shared.journal.append(batch).await
    }

    /// Changes whenever more is visible to questions; its value is the journal sequence up to which everything is.
    pub fn generation(&self) -> watch::Receiver<u64> {
        self.shared.visible.clone()
    }

    /// How many files of the database and the journal were put aside as damaged since the start.
    pub fn put_aside(&self) -> usize {
        self.shared.quarantined().len()
    }

    /// Whether the writer still works; without it nothing more becomes visible.
    pub fn is_writing(&self) -> bool {
        let writer = self.shared.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Takes nothing more, writes what was acknowledged, checkpoints, closes. Blocking.
    pub fn close(&self) -> Result<(), StoreError> {
        self.shared.journal.refuse(BusyReason::Draining);
        self.shared.journal.close();
        self.shared.stop.store(true, Relaxed);
        let thread = self.shared.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let ended = match thread.map(JoinHandle::join) {
            Some(Ok(ended)) => ended,
            Some(Err(_)) => Err(StoreError::Reopening),
            None => Ok(()),
        };
        self.shared.engine.close();
        ended
    }

    pub(crate) async fn ask<T, F>(&self, question: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.shared.asker.ask(question).await
    }

    pub(crate) fn asker(&self) -> &Asker {
        &self.shared.asker
    }

    /// Where questions in SQL are asked, when not here.
    pub(crate) fn apart(&self) -> Option<&Apart> {
        self.shared.apart.as_ref()
    }
}
