//! What is printed: lines to standard error as they come, answers to standard output.

use std::io::Write;

use tokio::sync::mpsc;

use crate::answer::Complete;
use crate::line::{From, Line};

/// Until no more lines come. With `several` functions each line says whose it is.
pub async fn lines(mut written: mpsc::Receiver<Line>, several: bool) {
    while let Some(line) = written.recv().await {
        let from = match &line.from {
            From::Extension(name) => format!("[{name}] "),
            _ => String::new(),
        };
        let whose = if several { format!("{} | ", line.function) } else { String::new() };
        // A closed standard error is no reason to stop.
        let _ = writeln!(std::io::stderr(), "{whose}{from}{}", line.text);
    }
}

/// The answer or the error's payload, as one line.
pub fn answer(complete: &Complete) {
    let bytes = match &complete.result {
        Ok(bytes) => bytes,
        Err(error) => &error.payload,
    };
    let _ = writeln!(std::io::stdout(), "{}", String::from_utf8_lossy(bytes));
}
