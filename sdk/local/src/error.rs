//! What can go wrong with running a function here. What goes wrong *in* a function is an answer, not an error.

use std::path::PathBuf;

/// Each variant is a different thing for whoever runs functions to do.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// Fix the command line or the settings.
    #[error("{0}")]
    WrongUse(String),
    /// Fix the file.
    #[error("{path}: {why}")]
    File { path: PathBuf, why: String },
    /// All environments are busy and no more may be made: wait, or raise the concurrency. Lambda answers 429.
    #[error("rate exceeded: all {limit} environments of {function} are busy")]
    Throttled { function: String, limit: usize },
    /// The machine did not give what was needed: addresses, processes, random bytes.
    #[error("{0}")]
    System(String),
    /// The functions here are being shut down.
    #[error("shutting down")]
    Closed,
}

impl LocalError {
    pub fn file(path: impl Into<PathBuf>, why: impl std::fmt::Display) -> Self {
        Self::File { path: path.into(), why: why.to_string() }
    }
}
