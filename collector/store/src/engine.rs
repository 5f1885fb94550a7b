//! The one DuckDB instance of the process: opened once, cloned per question, reopened after a fatal error.
//!
//! **Invariant:** the database file is open at most once. DuckDB's own lock does not see a second open in the same
//! process, and two instances silently lose rows. So every connection is a clone of one root, and reopening waits until
//! the last of them is gone.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use coldlight_model::Timestamp;
use duckdb::{Config, Connection};

use crate::error::StoreError;
use crate::handed;
use crate::quarantine;
use crate::schema;
use crate::settings::Settings;

/// See the module's words.
pub(crate) struct Engine {
    settings: Settings,
    now: fn() -> Timestamp,
    inner: Mutex<Inner>,
    returned: Condvar,
}

struct Inner {
    root: Option<Connection>,
    idle: Vec<Connection>,
    lent: usize,
    generation: u64,
    closed: bool,
    quarantined: Vec<String>,
}

/// A connection on loan; it goes back when dropped.
pub(crate) struct Lent {
    engine: Arc<Engine>,
    generation: u64,
    connection: Option<Connection>,
}

impl std::ops::Deref for Lent {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("a loan holds its connection until it is dropped")
    }
}

impl Lent {
    /// Closes the connection rather than giving it back: what state it is in is not known.
    pub fn discard(mut self) {
        self.connection = None;
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut inner = self.engine.lock();
        inner.lent -= 1;
        if let Some(connection) = self.connection.take()
            && inner.generation == self.generation
            && inner.root.is_some()
            && connection.is_autocommit()
        {
            inner.idle.push(connection);
        }
        self.engine.returned.notify_all();
    }
}

/// Where the database lies in the data directory.
pub(crate) fn database_path(data: &Path) -> PathBuf {
    data.join("coldlight.duckdb")
}

impl Engine {
    pub fn open(settings: &Settings, now: fn() -> Timestamp) -> Result<Arc<Self>, StoreError> {
        let (root, quarantined) = open_or_quarantine(settings, now)?;
        Ok(Arc::new(Self {
            settings: settings.clone(),
            now,
            inner: Mutex::new(Inner {
                root: Some(root),
                idle: Vec::new(),
                lent: 0,
                generation: 0,
                closed: false,
                quarantined,
            }),
            returned: Condvar::new(),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection of one's own until it is dropped.
    pub fn lend(self: &Arc<Self>) -> Result<Lent, StoreError> {
        let mut inner = self.lock();
        let connection = match inner.idle.pop() {
            Some(connection) => connection,
            None => inner.root.as_ref().ok_or(StoreError::Reopening)?.try_clone()?,
        };
        inner.lent += 1;
        Ok(Lent { engine: self.clone(), generation: inner.generation, connection: Some(connection) })
    }

    /// Whether a connection will be there in a moment: the instance is being reopened.
    pub fn is_reopening(&self) -> bool {
        let inner = self.lock();
        inner.root.is_none() && !inner.closed
    }

    /// Closes the instance and opens it anew. The caller must have dropped its own loans.
    /// Waits for the questions still running; they fail at once on an invalid instance.
    pub fn reopen(&self) -> Result<(), StoreError> {
        let mut inner = self.lock();
        inner.root = None;
        inner.idle.clear();
        inner.generation += 1;
        let deadline = Instant::now() + self.settings.query_timeout + Duration::from_secs(5);
        while inner.lent > 0 {
            if Instant::now() >= deadline {
                return Err(StoreError::Reopening);
            }
            inner =
                self.returned.wait_timeout(inner, Duration::from_millis(100)).unwrap_or_else(PoisonError::into_inner).0;
        }
        let (root, quarantined) = open_or_quarantine(&self.settings, self.now)?;
        inner.root = Some(root);
        inner.quarantined.extend(quarantined);
        Ok(())
    }

    /// Closes for good; later loans fail.
    pub fn close(&self) {
        let mut inner = self.lock();
        inner.root = None;
        inner.closed = true;
        inner.idle.clear();
        inner.generation += 1;
    }

    /// Names of damaged files put aside.
    pub fn quarantined(&self) -> Vec<String> {
        self.lock().quarantined.clone()
    }
}

/// Opens the database; a WAL or a database that cannot be read is put aside and the journal fills the gap.
fn open_or_quarantine(settings: &Settings, now: fn() -> Timestamp) -> Result<(Connection, Vec<String>), StoreError> {
    let path = database_path(&settings.data);
    let mut quarantined = Vec::new();
    let first = match open(settings, &path, now) {
        Ok(connection) => return Ok((connection, quarantined)),
        Err(StoreError::Database(error)) if !is_lock(&error) => error,
        Err(error) => return Err(error),
    };
    tracing::error!(error = %first, "the database does not open; its write-ahead log is put aside and the journal replayed");
    for name in ["coldlight.duckdb.wal", "coldlight.duckdb.wal.checkpoint", "coldlight.duckdb.wal.recovery"] {
        quarantined.extend(quarantine::put_aside(&settings.data, name, now())?);
    }
    if quarantined.is_empty() {
        quarantined.extend(quarantine::put_aside(&settings.data, "coldlight.duckdb", now())?);
    }
    match open(settings, &path, now) {
        Ok(connection) => return Ok((connection, quarantined)),
        Err(StoreError::Database(error)) if !is_lock(&error) => {
            tracing::error!(%error, "the database itself is damaged; it is put aside, and what the journal still holds is kept");
        }
        Err(error) => return Err(error),
    }
    quarantined.extend(quarantine::put_aside(&settings.data, "coldlight.duckdb", now())?);
    open(settings, &path, now).map(|connection| (connection, quarantined))
}

fn is_lock(error: &duckdb::Error) -> bool {
    let text = error.to_string();
    text.contains("lock") || text.contains("No space left")
}

fn open(settings: &Settings, path: &Path, now: fn() -> Timestamp) -> Result<Connection, StoreError> {
    let config = config(&settings.data.join("tmp"), settings.memory_limit_bytes, settings.threads as u64)?
        // Checkpoints happen on the writer's schedule, never inside a commit: there they stall it for seconds, and a full
        // disk makes them fatal.
        .with("checkpoint_threshold", "1TB")?
        .with("auto_checkpoint_skip_wal_threshold", u64::MAX.to_string())?
        .with("preserve_insertion_order", "true")?;
    let connection = Connection::open_with_flags(path, config)?;
    handed::register(&connection)?;
    crate::sql::register(&connection)?;
    schema::prepare(&connection, &settings.data, now())?;
    connection.execute_batch("SET lock_configuration = true")?;
    Ok(connection)
}

/// Does something whole, or nothing of it.
pub(crate) fn transaction<T>(
    db: &Connection,
    what: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    db.execute_batch("BEGIN")?;
    let done = what(db).and_then(|done| {
        db.execute_batch("COMMIT")?;
        Ok(done)
    });
    if done.is_err() {
        // The first error is the one to tell.
        let _ = db.execute_batch("ROLLBACK");
    }
    done
}

/// What every instance is opened with: where it spills, what it may take, and that it reaches nothing outside.
pub(crate) fn config(temp: &Path, memory_bytes: u64, threads: u64) -> duckdb::Result<Config> {
    Config::default()
        .with("temp_directory", temp.to_string_lossy())?
        .with("memory_limit", format!("{memory_bytes}B"))?
        .with("threads", threads.to_string())?
        .with("autoinstall_known_extensions", "false")?
        .with("autoload_known_extensions", "false")?
        .with("allow_community_extensions", "false")?
        .with("allow_persistent_secrets", "false")?
        .with("enable_external_access", "false")
}
