//! The reading end: every record after a position, in order, from memory where it still is, else from the files.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use coldlight_model::{Batch, Timestamp};

use super::segment::{self, Found, Frames, Segment};
use super::shared::Shared;
use super::{DIRECTORY, JournalError, on, quarantine, record};

/// How many times as much memory a batch of ordinary spans takes as its record.
const DECODED: usize = 3;

/// A batch as it was acknowledged.
#[derive(Clone, Debug, PartialEq)]
pub struct Journaled {
    /// Its place in the journal. Later batches have greater ones; numbers may be left out.
    pub sequence: u64,
    pub batch: Batch,
    /// About how many bytes of memory the batch holds.
    pub weight: usize,
    /// When its group was written, by the wall clock: the acknowledgement followed within one sync.
    pub acknowledged_at: Timestamp,
}

/// Reads a journal from a position on. It stays usable after an error, and after the journal was closed until all is read.
pub struct Reader {
    shared: Arc<Shared>,
    position: u64,
    /// The file being read, while reading from files.
    frames: Option<Frames>,
}

/// Where the next record is.
enum Next {
    Memory(Journaled),
    File(Segment),
    Nowhere,
}

impl Reader {
    pub(super) fn new(shared: Arc<Shared>, position: u64) -> Self {
        Self { shared, position, frames: None }
    }

    /// The sequence of the last record given out, or where the reader started.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// How many acknowledged records come after the position, at most: numbers may be left out.
    pub fn waiting(&self) -> u64 {
        self.shared.lock().synced.saturating_sub(self.position)
    }

    /// The next record, waiting up to `wait` for one; at once `None` when the journal is closed and all was read.
    ///
    /// A record that cannot be read is reported, its file kept in the quarantine, and skipped.
    pub fn next(&mut self, wait: Duration) -> Result<Option<Journaled>, JournalError> {
        let deadline = Instant::now() + wait;
        loop {
            match self.find(deadline) {
                Next::Nowhere => return Ok(None),
                Next::Memory(journaled) => {
                    self.position = journaled.sequence;
                    return Ok(Some(journaled));
                }
                Next::File(segment) => {
                    if let Some(journaled) = self.read(&segment)? {
                        self.position = journaled.sequence;
                        return Ok(Some(journaled));
                    }
                }
            }
        }
    }

    fn find(&mut self, deadline: Instant) -> Next {
        let mut passed = Vec::new();
        let mut state = self.shared.lock();
        loop {
            // Freed after the lock is given back.
            while state.recent.front().is_some_and(|oldest| oldest.sequence <= self.position) {
                passed.extend(state.take_recent());
            }
            if state.recent.front().is_some_and(|oldest| oldest.previous <= self.position)
                && let Some(recent) = state.take_recent()
            {
                return Next::Memory(Journaled {
                    sequence: recent.sequence,
                    batch: recent.batch,
                    weight: recent.weight,
                    acknowledged_at: recent.acknowledged_at,
                });
            }
            if state.synced > self.position {
                if let Some(segment) = state.segments.iter().find(|segment| segment.last > self.position) {
                    return Next::File(segment.clone());
                }
                // What is left was released, or lost and reported.
                self.position = state.synced;
                continue;
            }
            if state.closed {
                return Next::Nowhere;
            }
            match self.shared.wait_for_news(state, deadline) {
                Some(again) => state = again,
                None => return Next::Nowhere,
            }
        }
    }

    /// The first record after the position in `segment`. `None` when there is none: then the position is at its end.
    fn read(&mut self, segment: &Segment) -> Result<Option<Journaled>, JournalError> {
        let path = segment::path(&self.shared.root.join(DIRECTORY), segment.header.first);
        let mut frames = match self.frames.take().filter(|frames| frames.first() == segment.header.first) {
            Some(mut frames) => {
                frames.extend(segment.length);
                frames
            }
            None => match self.shared.disk.open(&path) {
                Ok(file) => Frames::new(file, segment.header, segment.length),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    // Released since, so of no more use; or somebody took it away.
                    if self.is_kept(segment) {
                        self.unreadable(segment, segment.last - self.position, "the file is gone");
                    }
                    self.position = segment.last;
                    return Ok(None);
                }
                Err(error) => return Err(on("opening", &path)(error)),
            },
        };
        loop {
            match frames.next().map_err(on("reading", &path))? {
                Found::Frame(frame) if frame.sequence <= self.position => {}
                Found::Frame(frame) => {
                    let bytes = frames.record(&frame).map_err(on("reading", &path))?;
                    let weight = bytes.len() * DECODED;
                    let decoded = record::decode(bytes);
                    match decoded {
                        Ok(batch) => {
                            self.frames = Some(frames);
                            let (sequence, acknowledged_at) = (frame.sequence, frame.written_at);
                            return Ok(Some(Journaled { sequence, batch, weight, acknowledged_at }));
                        }
                        Err(error) => self.unreadable(segment, 1, &error.to_string()),
                    }
                }
                Found::Hole(hole) => {
                    self.unreadable(segment, 1 + hole.missing.end() - hole.missing.start(), "checksum does not match");
                }
                Found::End => {
                    let seen = frames.last();
                    if seen < segment.last {
                        self.unreadable(segment, segment.last - seen.max(self.position), "checksum does not match");
                    }
                    self.position = segment.last;
                    return Ok(None);
                }
            }
        }
    }

    fn is_kept(&self, segment: &Segment) -> bool {
        self.shared.lock().segment(segment.header.first).is_some()
    }

    /// Reports what was not known when the journal was opened, and keeps the file.
    fn unreadable(&self, segment: &Segment, records: u64, why: &str) {
        let first = segment.header.first;
        if !self.shared.skipped(first, records) {
            return;
        }
        let kept_as = quarantine::link_there(&*self.shared.disk, &self.shared.root, first);
        tracing::error!(segment = segment::name(first), why, records, ?kept_as, "acknowledged records cannot be read");
        if kept_as.is_some() {
            self.shared.put_aside(first);
        }
    }
}
