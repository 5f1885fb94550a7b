//! Logs: to standard error, as lines to read or JSON to collect. Standard output is for answers.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::failure::Failure;
use crate::settings::{LogFormat, LogSettings};

/// Sets the process's log up. Called once; a second call (in tests) changes nothing.
pub fn start(settings: &LogSettings) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&settings.filter).map_err(|error| {
        let filter = &settings.filter;
        Failure::WrongUse(format!("--log “{filter}” is not a log filter such as warn or info,coldlight=debug: {error}"))
    })?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let _ = match settings.format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_is_none_is_wrong_use() {
        let settings = LogSettings { format: LogFormat::Text, filter: "coldlight=loudly".to_owned() };
        assert!(matches!(start(&settings), Err(Failure::WrongUse(reason)) if reason.contains("loudly")));
    }
}
