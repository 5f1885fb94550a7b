//! A line of log, with who wrote it.

use std::sync::Arc;

use tokio::sync::mpsc;

/// Room for lines that nobody has read yet; a full house makes the writer wait, as a full pipe would.
const WAITING: usize = 1_024;
/// A longer line is cut: Lambda cuts at 256 KiB too.
pub const LONGEST: usize = 256 << 10;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The function's name.
    pub function: Arc<str>,
    /// The log stream's name.
    pub environment: Arc<str>,
    pub from: From,
    /// Without its end of line.
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    /// START, END, REPORT and their kin.
    Platform,
    Function,
    Extension(Arc<str>),
}

/// Where lines go, and where whoever shows them reads.
pub fn channel() -> (Lines, mpsc::Receiver<Line>) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (Lines(sender), receiver)
}

/// Takes lines. When nobody reads any more they go nowhere.
#[derive(Clone)]
pub struct Lines(mpsc::Sender<Line>);

impl Lines {
    pub async fn write(&self, line: Line) {
        // The reader has gone only when the program ends.
        let _ = self.0.send(line).await;
    }
}
