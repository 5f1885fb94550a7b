//! Free SQL questions: read only, one SELECT over our own views, bounded in rows, bytes, time and memory.
//!
//! DuckDB draws no line between what a question may read and what it may do to the host, so [`gate`] decides before it
//! sees one. The settings it was opened with (no external access, locked) stand behind that, as a second line. A question
//! runs in this process, where what many values gathered into one may take is watched, not walled; or, when so set, [`apart`].

mod apart;
mod clock;
mod dictionary;
mod examples;
mod file;
mod functions;
mod gate;
mod growth;
mod hints;
mod parameters;
mod parser;
mod place;
mod series;
mod table;
mod zones;

use std::collections::BTreeMap;
use std::time::Duration;

use coldlight_model::{Cell, Table, Timestamp};
use duckdb::Connection;

use crate::ask::{Limits, Unanswered};
use crate::error::StoreError;
use crate::settings::Settings;
use crate::store::Store;

pub(crate) use apart::Apart;
pub use apart::{ApartSettings, sql_child};
pub use dictionary::dictionary;
pub use examples::EXAMPLES;
use file::Unwritten;
pub use file::{File, FileForm};
pub(crate) use parser::Parser;
pub(crate) use zones::register;

/// What a question may take above DuckDB's own `memory_limit` before it is stopped: values that functions and gathering
/// aggregates make are not counted there.
const MEMORY_ABOVE: u64 = 256 << 20;

/// A question in SQL.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    pub text: String,
    /// Rows beyond this are cut off, and the answer says so.
    pub max_rows: usize,
    pub timeout: Duration,
    /// Values of `$name` in the text. Times are texts, cast where they stand: `$from::TIMESTAMP`.
    pub parameters: BTreeMap<String, Cell>,
    /// As `parameters`, for names that have no value there; a question need not use them.
    pub defaults: BTreeMap<String, Cell>,
}

impl Question {
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            max_rows: 100_000,
            timeout: Duration::from_secs(30),
            parameters: BTreeMap::new(),
            defaults: BTreeMap::new(),
        }
    }
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// Not a question we answer; says what is allowed.
    #[error("{0}")]
    Refused(String),
    /// DuckDB's own words about the question: where it errs.
    #[error("{0}")]
    Failed(String),
    /// Ask for less, or for longer.
    #[error("the question took longer than {} s", limit.as_secs())]
    TimedOut { limit: Duration },
    /// Ask for less.
    #[error("the question took more than {} MiB of memory and was stopped; ask for less: a shorter time range, fewer columns, smaller groups", limit >> 20)]
    TooMuch { limit: u64 },
    /// Ask for less: what looked for the answer, apart, was killed or crashed.
    #[error("the process that looked for the answer ended before it had one ({how}); it may use {} MiB of memory. Ask for less: a shorter time range, fewer columns, smaller groups", limit >> 20)]
    Died { how: String, limit: u64 },
    /// Try again: nothing could be asked apart.
    #[error("questions in SQL cannot be asked just now: {0}")]
    Apart(String),
    /// Not the question's fault.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for SqlError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::TimedOut { limit } => Self::TimedOut { limit },
            StoreError::Database(error) if !StoreError::is_fatal(&error) => {
                Self::Failed(place::of_the_question(hints::with_hint(message(&error))))
            }
            other => Self::Store(other),
        }
    }
}

impl From<Unanswered> for SqlError {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Store(error) => error.into(),
            Unanswered::TooMuch { limit } => Self::TooMuch { limit },
        }
    }
}

/// DuckDB's text of an error, without the crate's frame.
fn message(error: &duckdb::Error) -> String {
    match error {
        duckdb::Error::DuckDBFailure(_, Some(text)) => text.clone(),
        other => other.to_string(),
    }
}

impl Store {
    /// Answers one SELECT over the views. Dropping the future stops the question.
    pub async fn sql(&self, question: Question) -> Result<Table, SqlError> {
        if let Some(apart) = self.apart() {
            return apart.table(&self.shared, question).await;
        }
        self.run_sql(question, table::read).await
    }

    /// As [`Store::sql`], with the answer as a file.
    pub async fn sql_file(&self, question: Question, form: FileForm) -> Result<File, SqlError> {
        if let Some(apart) = self.apart() {
            return apart.file(&self.shared, question, form).await;
        }
        let written = self.run_sql(question, move |db, text, max_rows| match file::write(db, text, max_rows, form) {
            Ok(file) => Ok(Ok(file)),
            Err(Unwritten::Store(error)) => Err(error),
            Err(other) => Ok(Err(other)),
        });
        written.await?.map_err(unwritten)
    }

    async fn run_sql<T: Send + 'static>(
        &self,
        question: Question,
        read: impl FnOnce(&Connection, &str, usize) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, SqlError> {
        let parser = self.asker().parser();
        let (max_rows, timeout) = (question.max_rows, question.timeout);
        let checked = tokio::task::spawn_blocking(move || {
            let text = parameters::fill(&parser, gate::bare(&question.text), &question.parameters, &question.defaults)?;
            gate::check(&parser, &text).map(|()| text)
        });
        let text = checked.await.map_err(|_| SqlError::Store(StoreError::Reopening))??;
        let limits = Limits { time: timeout, memory: Some(self.shared.settings.memory_limit_bytes + MEMORY_ABOVE) };
        let now = (self.shared.now)();
        let answer =
            self.asker().ask_sql(limits, move |db| in_transaction(db, now, |db| read(db, &text, max_rows))).await?;
        Ok(answer)
    }
}

fn in_transaction<T>(
    db: &Connection,
    now: Timestamp,
    read: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    clock::set(db, now)?;
    // The gate is the wall; a read-only transaction is a second one.
    db.execute_batch("BEGIN TRANSACTION READ ONLY")?;
    let answer = read(db);
    // One that was interrupted may not take this; its connection is closed then.
    let _ = db.execute_batch("ROLLBACK");
    answer
}

fn unwritten(unwritten: Unwritten) -> SqlError {
    let why = std::error::Error::source(&unwritten).map_or_else(String::new, |why| format!(": {why}"));
    SqlError::Failed(format!("{unwritten}{why}; cast the column to VARCHAR, or ask for JSON or CSV"))
}

/// An answer in either form.
enum Answer {
    Table(Table),
    File(File),
}

/// Reads, admits and answers a question on a database of one's own: all that [`Store::sql`] does but for the bounds of time and
/// memory.
fn answer(
    db: &Connection,
    parser: &Parser,
    question: &Question,
    form: Option<FileForm>,
    now: Timestamp,
) -> Result<Answer, SqlError> {
    let text = parameters::fill(parser, gate::bare(&question.text), &question.parameters, &question.defaults)?;
    gate::check(parser, &text)?;
    let Some(form) = form else {
        return Ok(Answer::Table(in_transaction(db, now, |db| table::read(db, &text, question.max_rows))?));
    };
    let written = in_transaction(db, now, |db| match file::write(db, &text, question.max_rows, form) {
        Err(Unwritten::Store(error)) => Err(error),
        written => Ok(written),
    })?;
    Ok(Answer::File(written.map_err(unwritten)?))
}

/// Opens the store that no other process has, waits until everything in its journal is written, asks, closes. Blocking.
///
/// # Errors
/// As [`Store::open`]; nothing is made where there is no data.
pub fn ask_stopped(settings: Settings, question: Question, now: fn() -> Timestamp) -> Result<Table, SqlError> {
    on_stopped(settings, now, async |store| store.sql(question).await)
}

/// As [`ask_stopped`], with the answer as a file. Blocking.
///
/// # Errors
/// As [`ask_stopped`].
pub fn ask_stopped_for_file(
    settings: Settings,
    question: Question,
    form: FileForm,
    now: fn() -> Timestamp,
) -> Result<File, SqlError> {
    on_stopped(settings, now, async |store| store.sql_file(question, form).await)
}

fn on_stopped<T>(
    settings: Settings,
    now: fn() -> Timestamp,
    what: impl AsyncFnOnce(&Store) -> Result<T, SqlError>,
) -> Result<T, SqlError> {
    if !crate::engine::database_path(&settings.data).exists() {
        let source = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(SqlError::Store(StoreError::File { path: crate::engine::database_path(&settings.data), source }));
    }
    let store = Store::open(settings, now)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|source| StoreError::File { path: store.shared.settings.data.clone(), source })?;
    let last = store.shared.journal.status().last;
    let answer = runtime.block_on(async {
        let mut written = store.generation();
        // Fails only when the writer has ended, and then nothing more comes.
        let _ = written.wait_for(|sequence| *sequence >= last).await;
        what(&store).await
    });
    store.close()?;
    answer
}
