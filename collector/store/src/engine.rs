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

/// Rows of a row group, half of DuckDB's own 122,880: nothing is written while a checkpoint makes one, 0.2 instead of 0.4 s of 20,000
/// spans/s (on a slower machine 0.4 instead of 2.0).
pub(crate) const ROW_GROUP: usize = 61_440;

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
            None => another(inner.root.as_ref().ok_or(StoreError::Reopening)?)?,
        };
        inner.lent += 1;
        Ok(Lent { engine: self.clone(), generation: inner.generation, connection: Some(connection) })
    }

    /// Whether a connection will be there in a moment: the instance is being reopened.
    pub fn is_reopening(&self) -> bool {
        let inner = self.lock();
        inner.root.is_none() && !inner.closed
    }

    /// Whether there will be no connection any more.
    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Closes the instance and opens it anew. The caller must have dropped its own loans.
    /// Waits for the questions still running; they fail at once on an invalid instance.
    pub fn reopen(&self) -> Result<(), StoreError> {
        let mut inner = self.lock();
        let closing = (inner.root.take(), std::mem::take(&mut inner.idle));
        inner.generation += 1;
        drop(inner);
        // To close and to open take a while, and whoever asks for a loan must not wait for the lock.
        drop(closing);
        let deadline = Instant::now() + self.settings.query_timeout + Duration::from_secs(5);
        let mut inner = self.lock();
        while inner.lent > 0 {
            if Instant::now() >= deadline {
                return Err(StoreError::Reopening);
            }
            inner =
                self.returned.wait_timeout(inner, Duration::from_millis(100)).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(inner);
        let (root, quarantined) = open_or_quarantine(&self.settings, self.now)?;
        let mut inner = self.lock();
        inner.root = Some(root);
        inner.quarantined.extend(quarantined);
        Ok(())
    }

    /// Closes the instance and opens it anew, if nobody but the caller has a loan, which is given back either way: `false` where somebody
    /// has. Whoever asks meanwhile waits for it; nobody is interrupted.
    pub fn renew(self: &Arc<Self>, own: Lent) -> Result<bool, StoreError> {
        {
            let mut inner = self.lock();
            if inner.lent > 1 || inner.root.is_none() {
                return Ok(false);
            }
            let closing = (inner.root.take(), std::mem::take(&mut inner.idle));
            drop(inner);
            drop(closing);
        }
        own.discard();
        self.reopen()?;
        Ok(true)
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
        Err(StoreError::Database(error)) if !passes(&error) => error,
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
        Err(StoreError::Database(error)) if !passes(&error) => {
            tracing::error!(%error, "the database itself is damaged; it is put aside, and what the journal still holds is kept");
        }
        Err(error) => return Err(error),
    }
    quarantined.extend(quarantine::put_aside(&settings.data, "coldlight.duckdb", now())?);
    open(settings, &path, now).map(|connection| (connection, quarantined))
}

/// Whether it says nothing against the file: somebody else has it open, or the machine lacks something.
fn passes(error: &duckdb::Error) -> bool {
    let text = error.to_string();
    text.contains("set lock on file") || text.contains("No space left") || StoreError::is_about_memory(error)
}

fn open(settings: &Settings, path: &Path, now: fn() -> Timestamp) -> Result<Connection, StoreError> {
    let config = config(&settings.data.join("tmp"), settings.memory_limit_bytes, settings.threads as u64)?
        // Checkpoints happen on the writer's schedule, never inside a commit: there they stall it for seconds, and a full
        // disk makes them fatal.
        .with("checkpoint_threshold", "1TB")?
        .with("auto_checkpoint_skip_wal_threshold", u64::MAX.to_string())?
        .with("preserve_insertion_order", "true")?;
    let connection = attached(path, config)?;
    handed::register(&connection)?;
    crate::sql::register(&connection)?;
    schema::prepare(&connection, &settings.data, now())?;
    connection.execute_batch("SET allowed_configs = ['threads']; SET lock_configuration = true")?;
    Ok(connection)
}

/// The name under which connections see the database: the one its file would give it.
const NAME: &str = "coldlight";

/// An instance whose database is the file at `path`, with row groups of [`ROW_GROUP`]. How large they become is said when a file is
/// attached, each time, and not when it is opened as the first of its instance; so the first is one in memory, without a table.
/// A file of other row groups keeps them, and gets new ones of this size.
pub(crate) fn attached(path: &Path, config: Config) -> Result<Connection, StoreError> {
    // Attaching is access to the outside, which ends with it: from then on only this file is reached.
    let connection = Connection::open_in_memory_with_flags(config.with("enable_external_access", "true")?)?;
    let in_words =
        || std::io::Error::new(std::io::ErrorKind::InvalidInput, "its name is not UTF-8, as the database needs it");
    let name = path.to_str().ok_or_else(|| StoreError::File { path: path.to_owned(), source: in_words() })?;
    let name = name.replace('\'', "''");
    connection.execute_batch(&format!("ATTACH '{name}' AS {NAME} (ROW_GROUP_SIZE {ROW_GROUP})"))?;
    connection.execute_batch("SET enable_external_access = false")?;
    uses_the_file(connection)
}

/// Another connection to an instance of [`attached`].
fn another(root: &Connection) -> Result<Connection, StoreError> {
    uses_the_file(root.try_clone()?)
}

/// Connections begin in the first database of their instance.
fn uses_the_file(connection: Connection) -> Result<Connection, StoreError> {
    connection.execute_batch(&format!("USE {NAME}"))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of each row group of table `t`, in order.
    fn row_groups(db: &Connection) -> Vec<u64> {
        let question = "SELECT max(start + count) FROM pragma_storage_info('t') WHERE segment_type <> 'VALIDITY' GROUP BY row_group_id ORDER BY row_group_id";
        let mut statement = db.prepare(question).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn a_file_of_large_row_groups_keeps_them_and_gets_small_ones_beside() {
        let folder = tempfile::tempdir().unwrap();
        // Another's quote ends no string of ours.
        let path = folder.path().join("it's.duckdb");
        let db = Connection::open(&path).unwrap();
        db.execute_batch("CREATE TABLE t AS SELECT n FROM range(300_000) AS r(n)").unwrap();
        assert_eq!(row_groups(&db), [122_880, 122_880, 54_240]);
        drop(db);

        let db = attached(&path, Config::default()).unwrap();
        db.execute_batch("INSERT INTO t SELECT n FROM range(300_000, 300_000 + 2 * 61_440) AS r(n); CHECKPOINT")
            .unwrap();
        assert_eq!(row_groups(&db), [122_880, 122_880, 54_240, 61_440, 61_440]);
        db.execute_batch("DELETE FROM t WHERE n < 200_000; CHECKPOINT").unwrap();
        let clone = another(&db).unwrap();
        drop(db);
        let (rows, sum): (u64, u64) =
            clone.query_row("SELECT count(*), sum(n) FROM t", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let left = 200_000..300_000 + 2 * 61_440_u64;
        assert_eq!((rows, sum), (left.clone().count() as u64, left.sum()));
        drop(clone);

        // What is called by the file's name as it was before.
        let db = Connection::open(&path).unwrap();
        assert_eq!(db.query_row("SELECT count(*) FROM main.t", [], |row| row.get::<_, u64>(0)).unwrap(), rows);
    }

    #[test]
    fn an_instance_is_renewed_when_nobody_else_has_a_loan() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::open(&Settings::new(folder.path()), || Timestamp::EPOCH).unwrap();
        let (own, other) = (engine.lend().unwrap(), engine.lend().unwrap());
        own.execute_batch("CREATE TEMP TABLE of_this_instance AS SELECT 1").unwrap();
        assert!(!engine.renew(own).unwrap());
        drop(other);
        let own = engine.lend().unwrap();
        let idle = engine.lend().unwrap();
        drop(idle);
        assert!(engine.renew(own).unwrap());
        assert!(!engine.is_reopening());
        let again = engine.lend().unwrap();
        again.query_row("SELECT written_sequence FROM state", [], |row| row.get::<_, u64>(0)).unwrap();
        again.execute_batch("FROM of_this_instance").expect_err("a connection of the instance before");
    }

    #[test]
    fn nothing_but_its_file_is_reached() {
        let folder = tempfile::tempdir().unwrap();
        let db = attached(&folder.path().join("coldlight.duckdb"), Config::default()).unwrap();
        let other = folder.path().join("other");
        std::fs::write(&other, "n\n1\n").unwrap();
        for refused in [
            format!("ATTACH '{}'", folder.path().join("second.duckdb").display()),
            format!("FROM read_csv('{}')", other.display()),
            format!("COPY (SELECT 1) TO '{}'", other.display()),
            "SET enable_external_access = true".to_owned(),
        ] {
            let told = db.execute_batch(&refused).expect_err(&refused).to_string();
            assert!(told.contains("disabled") || told.contains("Cannot enable external access"), "{refused}: {told}");
        }
    }

    #[test]
    fn nothing_is_set_any_more_but_the_number_of_threads() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { threads: 2, ..Settings::new(folder.path()) };
        let db = open(&settings, &database_path(folder.path()), || Timestamp::EPOCH).unwrap();
        db.execute_batch("SET threads = 1; SELECT 1; SET threads = 2").unwrap();
        for refused in ["SET memory_limit = '100GB'", "SET allowed_configs = ['memory_limit']", "RESET temp_directory"]
        {
            let told = db.execute_batch(refused).expect_err(refused).to_string();
            assert!(told.contains("locked"), "{refused}: {told}");
        }
    }

    #[test]
    fn only_a_damaged_file_is_put_aside() {
        let error = |text: &str| {
            duckdb::Error::DuckDBFailure(duckdb::ffi::Error::new(duckdb::ffi::DuckDBError), Some(text.to_owned()))
        };
        assert!(passes(&error("IO Error: Could not set lock on file \"x\": Conflicting lock is held in coldlight")));
        assert!(passes(&error("IO Error: Could not write file \"x\": No space left on device")));
        assert!(passes(&error("Out of Memory Error: failed to pin block of size 256.0 KiB")));
        let damaged = "IO Error: Corrupt database file: computed checksum 1 does not match stored checksum 2 in block at location 3";
        assert!(!passes(&error(damaged)));
    }
}
