//! Why the program ended, and the exit code that says so.

use std::process::ExitCode;

use coldlight_store::StoreError;

/// Each variant is a different thing for whoever started the program to do.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Fix the command line, the environment or the settings file. Exit code 2.
    #[error("{0}")]
    WrongUse(String),
    /// Another process holds the data. Exit code 3.
    #[error("{0}")]
    DataInUse(String),
    /// Anything else. Exit code 1.
    #[error("{0}")]
    Failed(String),
}

impl Failure {
    /// 1 failed, 2 wrong use, 3 data in use; 0 is for what went well.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Failed(_) => 1,
            Self::WrongUse(_) => 2,
            Self::DataInUse(_) => 3,
        })
    }

    /// `what`, and the chain of reasons behind it, as one line.
    pub fn because(what: impl std::fmt::Display, error: &dyn std::error::Error) -> Self {
        Self::Failed(format!("{what}: {}", chain(error)))
    }
}

/// Why the store in `data` could not be used.
pub fn no_store(data: &std::path::Path, doing: &str, error: &StoreError) -> Failure {
    let place = data.display();
    match error {
        StoreError::InUse { .. } => Failure::DataInUse(chain(error)),
        StoreError::File { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            Failure::Failed(format!("there is no data in {place}; name its directory with --data"))
        }
        _ => Failure::because(format!("cannot {doing} {place}"), error),
    }
}

/// An error and its sources, outermost first.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.ends_with(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        source = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_place_without_data_is_told_from_one_in_use() {
        let data = Path::new("d");
        let missing = StoreError::File { path: data.into(), source: std::io::ErrorKind::NotFound.into() };
        assert!(
            matches!(no_store(data, "check", &missing), Failure::Failed(reason) if reason.contains("no data in d"))
        );
        let held = StoreError::InUse { data: data.into(), holder: "7".to_owned() };
        assert!(matches!(no_store(data, "check", &held), Failure::DataInUse(reason) if reason.contains('7')));
    }

    #[test]
    fn a_chain_says_nothing_twice() {
        let error = StoreError::File { path: "d".into(), source: std::io::Error::other("broken") };
        assert_eq!(chain(&error), "cannot use d: broken");
    }
}
