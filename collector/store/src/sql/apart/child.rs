//! The child's side: one task from standard input, one outcome to standard output, and the end.
//!
//! Before it reads a word it makes itself small: little address space, processor time after everybody else, and the first to
//! go when the machine is short of memory. It has no sockets, no settings and no secrets, for its environment is empty.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use coldlight_model::Timestamp;
use duckdb::{AccessMode, Config, Connection};
use rustix::process::{Resource, Rlimit, setrlimit};

use super::wire::{Bounds, Outcome, Task};
use crate::error::{StoreError, chain};
use crate::sql::{Answer, FileForm, Parser, Question, SqlError, answer};
use crate::{engine, sql};

/// Address space of a child that does nothing: the program, its threads' stacks and what the allocator sets aside.
const IDLE_SPACE: u64 = 1 << 30;
/// What values that functions and gathering aggregates make may take above DuckDB's `memory_limit`.
const SPACE_ABOVE: u64 = 512 << 20;
/// Files a question may have open: the copy, and what it spills.
const MOST_FILES: u64 = 256;
/// What it may spill.
const MOST_SPILLED: &str = "4GiB";
/// The longest task is a question with its values; the API takes a mebibyte.
const LONGEST_TASK: u64 = 16 << 20;

/// Does the one task that standard input holds. It ends with the server, too: that holds the other end of standard input.
pub fn sql_child() -> ExitCode {
    let Some(task) = read_task() else {
        eprintln!("coldlight: sql-child is started by the server, see --sql-child");
        return ExitCode::from(2);
    };
    let watch = std::thread::Builder::new().name("parent".to_owned()).spawn(|| {
        // Nothing more is said: this returns when the server has gone.
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(1);
    });
    let outcome = match (watch, task) {
        (Err(error), _) => Outcome::Broken(format!("no thread: {error}")),
        (Ok(_), Task::Copy { from, to, bounds }) => copy(&from, &to, bounds),
        (Ok(_), Task::Ask { database, question, form, now, bounds }) => {
            let now = Timestamp::from_sql(now);
            match confine(bounds).map_err(broken).and_then(|()| ask(&database, &question, form, now, bounds)) {
                Ok(outcome) | Err(outcome) => outcome,
            }
        }
    };
    match say(&outcome.encode()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn read_task() -> Option<Task> {
    let mut stdin = std::io::stdin();
    let mut length = [0; 8];
    stdin.read_exact(&mut length).ok()?;
    let length = u64::from_le_bytes(length);
    let mut task = Vec::new();
    stdin.take(length.min(LONGEST_TASK)).read_to_end(&mut task).ok()?;
    Task::decode(&task)
}

fn say(bytes: &[u8]) -> std::io::Result<()> {
    let mut stdout = std::io::stdout();
    stdout.write_all(bytes)?;
    stdout.flush()
}

fn broken(error: impl std::fmt::Display) -> Outcome {
    Outcome::Broken(error.to_string())
}

fn confine(bounds: Bounds) -> std::io::Result<()> {
    let set = |resource, most: u64| setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    set(Resource::As, bounds.memory + SPACE_ABOVE + IDLE_SPACE)?;
    set(Resource::Core, 0)?;
    set(Resource::Nofile, MOST_FILES)?;
    goes_first();
    // Ingest has three quarters of a processor that both want. Kindness, not a wall: it need not be granted.
    let _ = rustix::process::nice(5);
    Ok(())
}

/// When the machine is short of memory.
fn goes_first() {
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
}

/// Log before database: whatever the log's beginning speaks of is in the database by then, and no checkpoint runs meanwhile.
fn copy(from: &Path, to: &Path, bounds: Bounds) -> Outcome {
    goes_first();
    let log = |database: &Path| PathBuf::from(format!("{}.wal", database.display()));
    let copied = match std::fs::copy(log(from), log(to)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => std::fs::copy(from, to).map(drop),
    };
    if let Err(error) = copied.and_then(|()| say(&[super::COPIED])) {
        return broken(format!("{} cannot be copied: {error}", from.display()));
    }
    // Every question would read the log again; this way it is read once.
    let attached = config(to, bounds).and_then(|config| engine::attached(to, config));
    match attached.and_then(|db| Ok(db.execute_batch("CHECKPOINT")?)) {
        Ok(()) => Outcome::Copied,
        Err(error) => broken(format!("the copy cannot be read: {}", chain(&error))),
    }
}

fn config(database: &Path, bounds: Bounds) -> Result<Config, StoreError> {
    let temp = database.with_extension(format!("tmp-{}", std::process::id()));
    Ok(engine::config(&temp, bounds.memory, bounds.threads)?.with("max_temp_directory_size", MOST_SPILLED)?)
}

fn open(database: &Path, bounds: Bounds) -> Result<Connection, StoreError> {
    let config = config(database, bounds)?.access_mode(AccessMode::ReadOnly)?;
    Ok(Connection::open_with_flags(database, config)?)
}

fn ask(
    database: &Path,
    question: &Question,
    form: Option<FileForm>,
    now: Timestamp,
    bounds: Bounds,
) -> Result<Outcome, Outcome> {
    let opened = open(database, bounds).and_then(|db| {
        sql::register(&db)?;
        db.execute_batch("SET lock_configuration = true")?;
        Ok(db)
    });
    let db = opened.map_err(|error| broken(chain(&error)))?;
    Ok(match answer(&db, &Parser::default(), question, form, now) {
        Ok(Answer::Table(table)) => Outcome::Table(table),
        Ok(Answer::File(file)) => Outcome::File(file),
        Err(SqlError::Refused(why)) => Outcome::Refused(why),
        Err(SqlError::Store(error)) => broken(chain(&error)),
        Err(other) => Outcome::Failed(other.to_string()),
    })
}
