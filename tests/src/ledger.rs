//! What a sender was promised: the ids of acknowledged spans, on disk before anything else happens.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// One sender's own file, one `TRACE SPAN` line per acknowledged span.
pub struct Ledger {
    path: PathBuf,
    file: File,
    spans: u64,
}

impl Ledger {
    pub fn create(path: &Path) -> Self {
        let file = File::create(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        Self { path: path.to_owned(), file, spans: 0 }
    }

    /// Writes down one acknowledged request and syncs it: from here on its spans must never be missing.
    pub fn note(&mut self, trace_id: &str, span_ids: &[String]) {
        let mut lines = BufWriter::new(&self.file);
        for span_id in span_ids {
            writeln!(lines, "{trace_id} {span_id}").expect("write to the ledger");
        }
        lines.flush().expect("write to the ledger");
        drop(lines);
        self.file.sync_data().expect("sync the ledger");
        self.spans += span_ids.len() as u64;
    }

    pub fn spans(&self) -> u64 {
        self.spans
    }

    /// All `(trace, span)` pairs, read back from the disk.
    pub fn read(&self) -> Vec<(String, String)> {
        let text = std::fs::read_to_string(&self.path).expect("the ledger");
        let pairs = text.lines().filter_map(|line| line.split_once(' '));
        pairs.map(|(trace, span)| (trace.to_owned(), span.to_owned())).collect()
    }
}
