//! Questions asked apart: each in a process of its own, of a copy of the database that is at most so old.
//!
//! No question can then take memory from the server, crash it or outlive its time: the process is killed. The price: DuckDB
//! lets no second process open the file that the server writes, so there is a copy of it, made anew for the first question after it
//! has become too old. Where the file system shares blocks between files (XFS, Btrfs) that costs next to nothing, elsewhere it is a second
//! file of the same size, and the time to write it. While files are copied no checkpoint runs; writing goes on, into the log.

mod child;
mod wire;

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use coldlight_model::{Table, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, Semaphore};

use super::{File, FileForm, Question, SqlError};
use crate::engine::database_path;
use crate::settings::Settings;
use crate::store::Shared;
use crate::upkeep::file_sizes;

pub use child::sql_child;
use wire::{Bounds, Outcome, Task};

/// Questions at a time.
const AT_ONCE: usize = 2;
/// No copy takes longer; it is not made for the one question alone that waits for it.
const LONGEST_COPY: Duration = Duration::from_secs(600);
/// No answer is longer: 64 MiB of text or columns, with what is around them.
const LONGEST_ANSWER: u64 = 1 << 30;
/// Least free space beside a copy, where no reserve is set.
const RESERVE: u64 = 1 << 30;
/// A child says this when the files are copied.
const COPIED: u8 = b'c';

/// How questions are asked apart.
#[derive(Clone, Debug)]
pub struct ApartSettings {
    /// This program: started with the one argument `sql-child` it must call [`sql_child`].
    pub program: PathBuf,
    /// How old a copy may be when a question is asked of it.
    pub age: Duration,
}

/// See the module's words.
pub(crate) struct Apart {
    told: ApartSettings,
    places: Semaphore,
    copy: Arc<Mutex<Option<Arc<Copy>>>>,
}

/// A copy of the database, in a directory of its own that goes with it.
struct Copy {
    directory: PathBuf,
    made: Instant,
    as_of: Timestamp,
}

impl Copy {
    fn database(&self) -> PathBuf {
        self.directory.join("copy.duckdb")
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.directory) {
            tracing::warn!(%error, directory = %self.directory.display(), "a copy for questions in SQL is left over");
        }
    }
}

/// Where copies are.
fn place(settings: &Settings) -> PathBuf {
    settings.data.join("sql")
}

impl Apart {
    /// Removes what an earlier process left.
    pub fn new(settings: &Settings) -> Option<Self> {
        let _ = std::fs::remove_dir_all(place(settings));
        let told = settings.sql_apart.clone()?;
        Some(Self { told, places: Semaphore::new(AT_ONCE), copy: Arc::default() })
    }

    pub async fn table(&self, shared: &Arc<Shared>, question: Question) -> Result<Table, SqlError> {
        match self.ask(shared, question, None).await? {
            (Outcome::Table(table), as_of) => Ok(Table { as_of: Some(as_of), ..table }),
            _ => Err(SqlError::Apart("it answered something else".to_owned())),
        }
    }

    pub async fn file(&self, shared: &Arc<Shared>, question: Question, form: FileForm) -> Result<File, SqlError> {
        match self.ask(shared, question, Some(form)).await? {
            (Outcome::File(file), as_of) => Ok(File { as_of: Some(as_of), ..file }),
            _ => Err(SqlError::Apart("it answered something else".to_owned())),
        }
    }

    /// What came of the question, and of when the data is. Dropping the future kills the child.
    async fn ask(
        &self,
        shared: &Arc<Shared>,
        question: Question,
        form: Option<FileForm>,
    ) -> Result<(Outcome, Timestamp), SqlError> {
        let limit = question.timeout;
        let asking = async {
            let _place = self.places.acquire().await;
            let copy = self.copy(shared).await?;
            let bounds = bounds(&shared.settings);
            let now = (shared.now)().nanos();
            let task = Task::Ask { database: copy.database(), question, form, now, bounds };
            let mut child = self.start(&task).await?;
            let outcome = hear(&mut child, bounds).await?;
            Ok((outcome, copy.as_of))
        };
        match tokio::time::timeout(limit, asking).await {
            Err(_) => Err(SqlError::TimedOut { limit }),
            Ok(Err(error)) => Err(error),
            Ok(Ok((Outcome::Refused(why), _))) => Err(SqlError::Refused(why)),
            Ok(Ok((Outcome::Failed(why), _))) => Err(SqlError::Failed(why)),
            Ok(Ok((Outcome::Broken(why), _))) => Err(SqlError::Apart(why)),
            Ok(Ok(answered)) => Ok(answered),
        }
    }

    /// A copy that is young enough. A new one is made to its end, whoever goes away meanwhile.
    async fn copy(&self, shared: &Arc<Shared>) -> Result<Arc<Copy>, SqlError> {
        let mut known = self.copy.clone().lock_owned().await;
        if let Some(copy) = known.as_ref().filter(|copy| copy.made.elapsed() < self.told.age) {
            return Ok(copy.clone());
        }
        let (told, shared) = (self.told.clone(), shared.clone());
        let making = tokio::spawn(async move {
            let copy = make(&told, &shared).await?;
            *known = Some(copy.clone());
            Ok(copy)
        });
        making.await.unwrap_or_else(|_| Err(SqlError::Apart("the copy was given up".to_owned())))
    }

    async fn start(&self, task: &Task) -> Result<Child, SqlError> {
        start(&self.told, task).await
    }
}

/// Half of what the server's own questions may take: two are asked at a time.
fn bounds(settings: &Settings) -> Bounds {
    Bounds { memory: settings.memory_limit_bytes / 2, threads: settings.threads as u64 }
}

async fn make(told: &ApartSettings, shared: &Arc<Shared>) -> Result<Arc<Copy>, SqlError> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let settings = &shared.settings;
    let directory = place(settings).join(NEXT.fetch_add(1, Relaxed).to_string());
    let cannot = |error: std::io::Error| SqlError::Apart(format!("{}: {error}", directory.display()));
    std::fs::create_dir_all(&directory).map_err(cannot)?;
    let started = Instant::now();
    let steady = shared.steady.lock().await;
    has_room(settings)?;
    // Nor is the database closed and opened while it is copied.
    let lent = shared.engine.lend()?;
    let copy = Copy { directory, made: Instant::now(), as_of: (shared.now)() };
    let task = Task::Copy { from: database_path(&settings.data), to: copy.database(), bounds: bounds(settings) };
    let copying = async {
        let mut child = start(told, &task).await?;
        let mut said = [0];
        if let Some(stdout) = &mut child.stdout
            && stdout.read_exact(&mut said).await.is_ok()
            && said == [COPIED]
        {
            let files = started.elapsed();
            drop((steady, lent));
            let outcome = hear(&mut child, bounds(settings)).await?;
            tracing::debug!(files = ?files, whole = ?started.elapsed(), "copied the database for questions in SQL");
            return Ok(outcome);
        }
        // Not copied: the byte is the first of why, or there is none.
        let mut rest = said.to_vec();
        rest.extend(listen(&mut child).await);
        Ok(Outcome::decode(&rest).unwrap_or_else(|| Outcome::Broken("the copy was not finished".to_owned())))
    };
    match tokio::time::timeout(LONGEST_COPY, copying).await {
        Ok(Ok(Outcome::Copied)) => Ok(Arc::new(copy)),
        Ok(Ok(Outcome::Broken(why))) => Err(SqlError::Apart(why)),
        Ok(Ok(_)) => Err(SqlError::Apart("it answered something else".to_owned())),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(SqlError::Apart(format!("the copy took longer than {} s", LONGEST_COPY.as_secs()))),
    }
}

/// The copy, and its log once as a file and once written into it, beside the reserve.
fn has_room(settings: &Settings) -> Result<(), SqlError> {
    let (database, log) = file_sizes(&settings.data);
    let needed = database + 2 * log;
    let Ok(disk) = rustix::fs::statvfs(&settings.data) else { return Ok(()) };
    let free = (disk.f_bavail * disk.f_frsize).saturating_sub(settings.disk_reserve_bytes.unwrap_or(RESERVE));
    if needed <= free {
        return Ok(());
    }
    Err(SqlError::Apart(format!(
        "a copy takes {} MiB and {} MiB are to be had; make space, or ask without --sql-child",
        needed >> 20,
        free >> 20
    )))
}

async fn start(told: &ApartSettings, task: &Task) -> Result<Child, SqlError> {
    let cannot =
        |error: std::io::Error| SqlError::Apart(format!("{} cannot be started: {error}", told.program.display()));
    let mut child = Command::new(&told.program)
        .arg("sql-child")
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(cannot)?;
    let task = task.encode();
    if let Some(stdin) = &mut child.stdin {
        // One that has ended already says so by its end.
        let _ = stdin.write_all(&[&(task.len() as u64).to_le_bytes()[..], &task].concat()).await;
    }
    Ok(child)
}

/// All that a child still says.
async fn listen(child: &mut Child) -> Vec<u8> {
    let mut said = Vec::new();
    if let Some(stdout) = &mut child.stdout {
        let _ = stdout.take(LONGEST_ANSWER).read_to_end(&mut said).await;
    }
    said
}

/// What a child says until it ends; a crash is an answer too.
async fn hear(child: &mut Child, bounds: Bounds) -> Result<Outcome, SqlError> {
    let said = listen(child).await;
    let outcome = tokio::task::spawn_blocking(move || Outcome::decode(&said)).await.ok().flatten();
    match outcome {
        Some(outcome) => Ok(outcome),
        None => {
            let how = child.wait().await.map_or_else(|error| error.to_string(), |status| status.to_string());
            Err(SqlError::Died { how, limit: bounds.memory })
        }
    }
}
