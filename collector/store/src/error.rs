//! What can go wrong in the store, by what the caller can do about it.

use std::path::PathBuf;

/// Why the store did not open or a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Stop the other process, or choose another directory.
    #[error("{} is in use by another coldlight (process {holder})", data.display())]
    InUse { data: PathBuf, holder: String },
    /// The data was written by a newer coldlight: use that one.
    #[error("{} has schema version {found}; this coldlight knows up to {known}", data.display())]
    TooNew { data: PathBuf, found: i32, known: i32 },
    /// It is as it was: give it what it lacked (memory, space), or start the coldlight that made it.
    #[error("{} has schema version {found} and could not be brought to {known}; nothing was changed", data.display())]
    NotMigrated { data: PathBuf, found: i32, known: i32, source: duckdb::Error },
    /// A file could not be made, read or written.
    #[error("cannot use {}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    /// The journal could not be opened.
    #[error("cannot open the journal")]
    Journal(#[from] crate::journal::JournalError),
    /// Ask for less: a shorter range or a narrower filter.
    #[error("the question took longer than {} s", limit.as_secs())]
    TimedOut { limit: std::time::Duration },
    /// Make space, then start again: what was acknowledged is in the journal.
    #[error("the disk that holds {} is full", data.display())]
    Full { data: PathBuf },
    /// Try again in a moment: the database is being reopened.
    #[error("the database is being reopened")]
    Reopening,
    /// The database's own words.
    #[error("the database failed")]
    Database(#[from] duckdb::Error),
}

impl StoreError {
    /// Whether the database instance is unusable until it is reopened; the outcome of what was running is unknown.
    pub(crate) fn is_fatal(error: &duckdb::Error) -> bool {
        let text = error.to_string();
        text.contains("FATAL") || text.contains("INTERNAL Error") || text.contains("has been invalidated")
    }

    /// Whether the database found no memory for it, as it was asked.
    pub(crate) fn is_about_memory(error: &duckdb::Error) -> bool {
        error.to_string().contains("Out of Memory Error")
    }

    /// Whether the rows themselves cannot be taken, so that trying them again is of no use. Everything else (a full disk,
    /// too little memory) passes.
    pub(crate) fn is_about_data(error: &duckdb::Error) -> bool {
        let text = error.to_string();
        !Self::is_fatal(error)
            && [
                "Conversion Error",
                "Invalid Input Error",
                "Constraint Error",
                "Out of Range Error",
                "Not implemented Error",
            ]
            .iter()
            .any(|kind| text.contains(kind))
    }
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
