//! Free SQL questions: read only, one SELECT over our own views, bounded in rows and time.
//!
//! DuckDB draws no line between what a question may read and what it may do to the host, so [`gate`] decides before it
//! sees one. The settings it was opened with (no external access, locked) stand behind that, as a second line.

mod gate;
mod table;

use std::time::Duration;

use coldlight_model::{Table, Timestamp};
use duckdb::Connection;

use crate::error::StoreError;
use crate::settings::Settings;
use crate::store::Store;

/// A question in SQL.
#[derive(Clone, Debug)]
pub struct Question {
    pub text: String,
    /// Rows beyond this are cut off, and the answer says so.
    pub max_rows: usize,
    pub timeout: Duration,
}

impl Question {
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), max_rows: 100_000, timeout: Duration::from_secs(30) }
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
    /// Not the question's fault.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for SqlError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::TimedOut { limit } => Self::TimedOut { limit },
            StoreError::Database(error) if !StoreError::is_fatal(&error) => Self::Failed(message(&error)),
            other => Self::Store(other),
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
    /// Answers one SELECT over the views.
    pub async fn sql(&self, question: Question) -> Result<Table, SqlError> {
        let text = tokio::task::spawn_blocking(move || gate::check(&question.text).map(|()| question))
            .await
            .map_err(|_| SqlError::Store(StoreError::Reopening))??;
        let limit = text.timeout;
        let answer = self
            .asker()
            .ask_within(limit, move |db| {
                // The gate is the wall; a read-only transaction is a second one.
                db.execute_batch("BEGIN TRANSACTION READ ONLY")?;
                let table = table::read(db, gate::bare(&text.text), text.max_rows);
                let _ = db.execute_batch("ROLLBACK");
                table
            })
            .await?;
        Ok(answer)
    }
}

/// Opens the store that no other process has, waits until everything in its journal is written, asks, closes. Blocking.
///
/// # Errors
/// As [`Store::open`]; nothing is made where there is no data.
pub fn ask_stopped(settings: Settings, question: Question, now: fn() -> Timestamp) -> Result<Table, SqlError> {
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
        store.sql(question).await
    });
    store.close()?;
    answer
}

/// A connection without any data, for looking at a question's syntax.
fn scratch() -> Result<Connection, StoreError> {
    Ok(Connection::open_in_memory()?)
}
