//! What was taken and not yet handed over, in files that survive the process.
//!
//! A request is answered when its bytes are written, so a kill at any moment loses nothing that was answered: `/tmp` outlives a
//! reset. Nothing is synced, as nobody outlives the machine. One spool a signal; each is a row of segments, the last one open. A segment
//! is deleted, or emptied, when all of it is handed over. Past its size the oldest segment goes, and is counted.
//!
//! ```text
//! segment: "CLSPOOL1", sent: u64 (where the part that is not handed over begins)
//! record:  length: u32, crc32c: u32 (of encoding and body), encoding: u8, body
//! ```
//!
//! A record that a kill cut short ends its segment: its sender was not answered and sends it again.

mod segment;

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use segment::Segment;

/// Segments are begun anew at this size, or a sixteenth of the spool if that is less.
const SEGMENT: u64 = 4 << 20;

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Protobuf,
    Json,
}

/// Requests of one encoding, in the order in which they were taken.
#[derive(Debug, Default)]
pub struct Chunk {
    pub encoding: Option<Encoding>,
    pub bodies: Vec<Bytes>,
    /// Where it ends: the segment's number and the place in it.
    until: (u64, u64),
}

impl Chunk {
    /// Of requests that are in no spool.
    pub fn outside(encoding: Encoding, bodies: Vec<Bytes>) -> Self {
        Self { encoding: Some(encoding), bodies, ..Self::default() }
    }
}

pub struct Spool {
    folder: PathBuf,
    limit: u64,
    segments: VecDeque<Segment>,
    /// Requests that were dropped as too old, or could not be read.
    dropped: u64,
}

impl Spool {
    /// Goes on with what an earlier process left in `folder`, which belongs to this process alone.
    pub fn open(folder: &Path, limit: u64) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let mut numbers: Vec<u64> = std::fs::read_dir(folder)?
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".spool")?.parse().ok())
            .collect();
        numbers.sort_unstable();
        let mut spool = Self { folder: folder.to_owned(), limit, segments: VecDeque::new(), dropped: 0 };
        for number in numbers {
            match Segment::open(folder, number) {
                Ok(segment) if segment.is_empty() => segment.delete(),
                Ok(segment) => spool.segments.push_back(segment),
                // Not a segment, or not readable: it would be in the way for ever.
                Err(_) => {
                    spool.dropped += 1;
                    let _ = std::fs::remove_file(Segment::path(folder, number));
                }
            }
        }
        Ok(spool)
    }

    /// When this returns, the body survives the process.
    pub fn append(&mut self, encoding: Encoding, body: &[u8]) -> io::Result<()> {
        let size = segment::size_of(body);
        let most = SEGMENT.min(self.limit / 16);
        if self.segments.back().is_none_or(|last| last.full(size, most)) {
            let number = self.segments.back().map_or(0, |last| last.number + 1);
            self.segments.push_back(Segment::create(&self.folder, number)?);
        }
        if let Some(last) = self.segments.back_mut() {
            last.append(encoding, body)?;
        }
        while self.bytes() > self.limit && self.segments.len() > 1 {
            if let Some(oldest) = self.segments.pop_front() {
                self.dropped += oldest.count();
                oldest.delete();
            }
        }
        Ok(())
    }

    /// The oldest requests that go together: of one encoding, `most` bytes unless the first alone has more.
    pub fn next(&mut self, most: u64) -> io::Result<Option<Chunk>> {
        if self.is_empty() {
            return Ok(None);
        }
        while let Some(first) = self.segments.front_mut() {
            let chunk = first.read(most)?;
            if !chunk.bodies.is_empty() {
                return Ok(Some(chunk));
            }
            // Nothing in it can be read: it is empty, or what is left of it is damaged.
            let last = self.segments.len() == 1;
            self.leave_first()?;
            if last {
                break;
            }
        }
        Ok(None)
    }

    /// The chunk was handed over, or is given up. One whose segment was dropped meanwhile is forgotten.
    pub fn done(&mut self, chunk: &Chunk) -> io::Result<()> {
        let Some(first) = self.segments.front_mut().filter(|first| first.number == chunk.until.0) else {
            return Ok(());
        };
        first.sent(chunk.until.1, chunk.bodies.len() as u64)?;
        if first.is_empty() { self.leave_first() } else { Ok(()) }
    }

    /// The first segment is done with: the last one is begun anew, any other is deleted.
    fn leave_first(&mut self) -> io::Result<()> {
        match self.segments.len() {
            0 => Ok(()),
            1 => self.segments[0].clear(),
            _ => {
                self.segments.pop_front().into_iter().for_each(Segment::delete);
                Ok(())
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.segments.iter().all(Segment::is_empty)
    }

    /// Not handed over yet.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(Segment::bytes).sum()
    }

    /// How many were dropped since the last call.
    pub fn take_dropped(&mut self) -> u64 {
        std::mem::take(&mut self.dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spool(folder: &Path) -> Spool {
        Spool::open(folder, 16 << 20).unwrap()
    }

    fn drain(spool: &mut Spool) -> Vec<String> {
        let mut all = Vec::new();
        while let Some(chunk) = spool.next(1 << 20).unwrap() {
            all.extend(chunk.bodies.iter().map(|body| String::from_utf8_lossy(body).into_owned()));
            spool.done(&chunk).unwrap();
        }
        all
    }

    #[test]
    fn what_was_appended_comes_back_in_order_after_a_kill() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = spool(folder.path());
        for word in ["a", "b", "c"] {
            first.append(Encoding::Protobuf, word.as_bytes()).unwrap();
        }
        let chunk = first.next(1 << 20).unwrap().unwrap();
        assert_eq!(chunk.bodies.len(), 3);
        // Not done with: the next process sees it again.
        let mut second = spool(folder.path());
        assert_eq!(drain(&mut second), ["a", "b", "c"]);
        assert!(second.is_empty() && spool(folder.path()).is_empty());
    }

    #[test]
    fn what_was_handed_over_does_not_come_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = spool(folder.path());
        first.append(Encoding::Protobuf, b"a").unwrap();
        first.append(Encoding::Json, b"{}").unwrap();
        let chunk = first.next(1 << 20).unwrap().unwrap();
        assert_eq!((chunk.encoding, chunk.bodies.len()), (Some(Encoding::Protobuf), 1), "encodings do not mix");
        first.done(&chunk).unwrap();
        assert_eq!(drain(&mut spool(folder.path())), ["{}"]);
    }

    #[test]
    fn a_record_cut_short_at_any_byte_costs_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = spool(folder.path());
        first.append(Encoding::Protobuf, b"whole").unwrap();
        let path = Segment::path(folder.path(), 0);
        let whole = std::fs::read(&path).unwrap().len();
        first.append(Encoding::Protobuf, b"cut short").unwrap();
        let all = std::fs::read(&path).unwrap();
        for length in whole..all.len() {
            std::fs::write(&path, &all[..length]).unwrap();
            let mut after = spool(folder.path());
            assert_eq!(drain(&mut after), ["whole"], "{length} of {}", all.len());
            after.append(Encoding::Protobuf, b"new").unwrap();
            assert_eq!(drain(&mut spool(folder.path())), ["new"]);
            std::fs::write(&path, &all).unwrap();
        }
    }

    #[test]
    fn past_its_size_the_oldest_go_and_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path(), 1 << 20).unwrap();
        let body = vec![7u8; 10_000];
        for _ in 0..300 {
            spool.append(Encoding::Protobuf, &body).unwrap();
        }
        assert!(spool.bytes() <= 1 << 20);
        let on_disk: u64 =
            std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
        assert!(on_disk < (1 << 20) + (1 << 17), "{on_disk}");
        let left = drain(&mut spool).len() as u64;
        assert_eq!(left + spool.take_dropped(), 300);
    }

    #[test]
    fn damage_is_not_taken_for_a_record() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = spool(folder.path());
        first.append(Encoding::Protobuf, b"aaaa").unwrap();
        first.append(Encoding::Protobuf, b"bbbb").unwrap();
        let path = Segment::path(folder.path(), 0);
        let mut bytes = std::fs::read(&path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(drain(&mut spool(folder.path())), ["aaaa"]);
        std::fs::write(Segment::path(folder.path(), 9), b"something else").unwrap();
        assert!(spool(folder.path()).is_empty());
    }
}
