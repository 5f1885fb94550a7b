//! What is in one journal file: a header, then frames, each holding one record.
//!
//! | header, twice | bytes | | frame | bytes |
//! |---|---|---|---|---|
//! | `coldjrnl` | 8 | | length of the record | 4 |
//! | format | 4 | | crc32c of the record, the salt and this head | 4 |
//! | crc32c of the rest | 4 | | sequence | 8 |
//! | first: the sequence of the first record, also the file's name | 8 | | group: the sequence of the first record synced with it | 8 |
//! | previous: the last sequence synced before this file was made | 8 | | when it was written | 8 |
//! | salt | 8 | | the record | length |
//!
//! Numbers are little endian. Within a file sequences have no gaps. A frame of a later group proves that every earlier group
//! was synced before it, so a hole tells by itself whether acknowledged records are in it. `previous` tells the same of
//! a whole file. The salt is different for every run of the program and known to nobody else: records hold bytes of strangers,
//! and a search for the next good frame must not find one that a stranger put into an attribute.

use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use coldlight_model::Timestamp;
use crc32c::{crc32c, crc32c_append};

use super::disk::DiskFile;

/// The file format written; a later one is refused.
pub(super) const FORMAT: u32 = 1;
/// Bytes before the first frame.
pub(super) const HEADER: usize = 2 * COPY;
/// Bytes of a frame before its record.
pub(super) const HEAD: usize = 32;
/// The longest record. The receiver bounds a request far below.
pub(super) const MOST_RECORD: usize = 1 << 30;

const MAGIC: &[u8; 8] = b"coldjrnl";
const COPY: usize = 40;
/// Bytes read one by one where reading more fails.
const SECTOR: usize = 512;
/// Bytes read at once.
const WINDOW: usize = 256 << 10;

/// The name of the segment whose first record is `first`: names sort as sequences do.
pub(super) fn name(first: u64) -> String {
    format!("{first:020}.log")
}

pub(super) fn path(directory: &Path, first: u64) -> PathBuf {
    directory.join(name(first))
}

/// The inverse of [`name`]; `None` for names that are not ours.
pub(super) fn first_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".log")?;
    (digits.len() == 20 && digits.bytes().all(|digit| digit.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// A segment as the running journal knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub header: Header,
    /// The last record synced; below `header.first` when there is none yet.
    pub last: u64,
    /// Bytes up to the end of that record.
    pub length: u64,
    /// Still being written to.
    pub open: bool,
    pub condition: Condition,
}

/// Whether all of a segment can be read. What cannot is never deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Whole,
    /// Damaged, and still to be put into the quarantine.
    Damaged,
    /// Damaged, and the quarantine holds it under a second name.
    PutAside,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub first: u64,
    pub previous: u64,
    pub salt: u64,
}

/// What the first bytes of a file say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opening {
    Ours(Header),
    Newer(u32),
    Unreadable,
}

impl Header {
    pub(super) fn to_bytes(self) -> [u8; HEADER] {
        let mut copy = Vec::with_capacity(HEADER);
        copy.extend(MAGIC);
        copy.extend(FORMAT.to_le_bytes());
        copy.extend([0; 4]);
        copy.extend([self.first, self.previous, self.salt].map(u64::to_le_bytes).concat());
        let crc = Self::crc(&copy);
        copy[12..16].copy_from_slice(&crc.to_le_bytes());
        let mut bytes = [0; HEADER];
        bytes[..COPY].copy_from_slice(&copy);
        bytes[COPY..].copy_from_slice(&copy);
        bytes
    }

    pub(super) fn read(file: &dyn DiskFile) -> io::Result<Opening> {
        let mut bytes = [0; HEADER];
        read_what_can_be(file, &mut bytes, 0)?;
        // One copy suffices: a flipped bit in the other must not cost 64 MiB of records.
        let good = bytes.chunks_exact(COPY).find(|copy| copy.starts_with(MAGIC) && u32_at(copy, 12) == Self::crc(copy));
        Ok(match good {
            None => Opening::Unreadable,
            Some(copy) if u32_at(copy, 8) > FORMAT => Opening::Newer(u32_at(copy, 8)),
            Some(copy) => match (u64_at(copy, 16), u64_at(copy, 24), u64_at(copy, 32)) {
                (0, ..) => Opening::Unreadable,
                (first, previous, salt) => Opening::Ours(Self { first, previous, salt }),
            },
        })
    }

    fn crc(copy: &[u8]) -> u32 {
        crc32c_append(crc32c(&copy[..12]), &copy[16..])
    }
}

/// A record on its way to the disk: room for the head, then the record, and the checksum of the record alone. Whoever brings
/// the record computes that, so that the one syncing thread need not.
pub(super) struct Entry {
    bytes: Vec<u8>,
    crc: u32,
}

impl Entry {
    /// `fill` appends the record.
    pub(super) fn new<T>(fill: impl FnOnce(&mut Vec<u8>) -> T) -> (Self, T) {
        let mut bytes = vec![0; HEAD];
        let filled = fill(&mut bytes);
        let crc = crc32c(&bytes[HEAD..]);
        (Self { bytes, crc }, filled)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn record_length(&self) -> usize {
        self.bytes.len() - HEAD
    }

    /// Completes the head. The record is at most [`MOST_RECORD`] long.
    pub(super) fn seal(&mut self, salt: u64, sequence: u64, group: u64, at: Timestamp) {
        let length = u32::try_from(self.record_length()).unwrap_or(u32::MAX);
        let head = Head { length, sequence, group, at: at.nanos().cast_unsigned() };
        self.bytes[..4].copy_from_slice(&length.to_le_bytes());
        self.bytes[4..8].copy_from_slice(&head.crc(self.crc, salt).to_le_bytes());
        self.bytes[8..HEAD].copy_from_slice(&head.rest());
    }
}

/// The numbers before a record.
#[derive(Clone, Copy, Debug)]
struct Head {
    length: u32,
    sequence: u64,
    group: u64,
    at: u64,
}

impl Head {
    fn read(bytes: &[u8]) -> Self {
        Self { length: u32_at(bytes, 0), sequence: u64_at(bytes, 8), group: u64_at(bytes, 16), at: u64_at(bytes, 24) }
    }

    fn rest(&self) -> [u8; HEAD - 8] {
        let mut rest = [0; HEAD - 8];
        for (to, number) in rest.chunks_exact_mut(8).zip([self.sequence, self.group, self.at]) {
            to.copy_from_slice(&number.to_le_bytes());
        }
        rest
    }

    fn crc(&self, record: u32, salt: u64) -> u32 {
        let crc = crc32c_append(record, &salt.to_le_bytes());
        crc32c_append(crc32c_append(crc, &self.length.to_le_bytes()), &self.rest())
    }
}

/// Fills `buffer`, with zeros where the medium does not give its content back or the file has become shorter. Records there fail
/// their checksum and are reported as damage; an error instead would keep all others from being read, for ever.
fn read_what_can_be(file: &dyn DiskFile, buffer: &mut [u8], at: u64) -> io::Result<()> {
    let is_loss = |error: &io::Error| {
        error.kind() == io::ErrorKind::UnexpectedEof
            || error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
    };
    match file.read_at(buffer, at) {
        Err(error) if is_loss(&error) => {}
        result => return result,
    }
    for (piece, at) in buffer.chunks_mut(SECTOR).zip((at..).step_by(SECTOR)) {
        match file.read_at(piece, at) {
            Err(error) if is_loss(&error) => piece.fill(0),
            result => result?,
        }
    }
    Ok(())
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |chunk| u32::from_le_bytes(*chunk))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes[at..].first_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk))
}

/// One good frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub sequence: u64,
    pub written_at: Timestamp,
    /// The first record of its group: what comes before that had been synced when this was written.
    pub group: u64,
    offset: u64,
    length: usize,
}

/// Bytes between two good frames that are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hole {
    pub offset: u64,
    pub bytes: u64,
    pub missing: RangeInclusive<u64>,
    /// Some of the missing had been synced, as the next frame tells. Otherwise all belong to its group, and only a frame of a
    /// later one tells that.
    pub acknowledged: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Frame(Frame),
    Hole(Hole),
    /// No good frame follows.
    End,
}

/// Reads the frames of one file in order, holding a window of it.
pub(super) struct Frames {
    file: Box<dyn DiskFile>,
    header: Header,
    /// How far may be read.
    end: u64,
    at: u64,
    last: u64,
    window: Vec<u8>,
    window_at: u64,
}

impl Frames {
    /// `end` is at most the file's length.
    pub(super) fn new(file: Box<dyn DiskFile>, header: Header, end: u64) -> Self {
        let (at, last) = (HEADER as u64, header.first - 1);
        Self { file, header, end, at, last, window: Vec::new(), window_at: 0 }
    }

    /// The file grew.
    pub(super) fn extend(&mut self, end: u64) {
        self.end = self.end.max(end);
    }

    /// The sequence that the file's name says.
    pub(super) fn first(&self) -> u64 {
        self.header.first
    }

    /// The sequence of the last good frame found so far, or of the record before a good one found behind a hole.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// The end of the last good frame found so far.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// The next frame, or what stands in its place. After [`Found::End`] it may be asked again once the file has grown.
    pub(super) fn next(&mut self) -> io::Result<Found> {
        if let Some(frame) = self.frame_at(self.at)? {
            self.at = frame.offset + (HEAD + frame.length) as u64;
            self.last = frame.sequence;
            return Ok(Found::Frame(frame));
        }
        let from = self.at;
        for to in from + 1..self.end.saturating_sub(HEAD as u64) {
            if let Some(frame) = self.frame_at(to)? {
                let missing = self.last.saturating_add(1)..=frame.sequence - 1;
                let acknowledged = frame.group > *missing.start();
                self.at = to;
                self.last = frame.sequence - 1;
                return Ok(Found::Hole(Hole { offset: from, bytes: to - from, missing, acknowledged }));
            }
        }
        Ok(Found::End)
    }

    /// The record of a frame just found.
    pub(super) fn record(&mut self, frame: &Frame) -> io::Result<&[u8]> {
        self.bytes(frame.offset + HEAD as u64, frame.length)
    }

    /// The good frame at `at`, if there is one, and its group.
    fn frame_at(&mut self, at: u64) -> io::Result<Option<Frame>> {
        let room = self.end.saturating_sub(at);
        if room <= HEAD as u64 {
            return Ok(None);
        }
        let (salt, first, last) = (self.header.salt, self.header.first, self.last);
        // Between here and the last good frame fit only so many others.
        let least = last.saturating_add(1);
        let most = least.saturating_add((at - self.at) / (HEAD as u64 + 1));
        let head = Head::read(self.bytes(at, HEAD)?);
        let length = head.length as usize;
        let plausible = (1..=MOST_RECORD).contains(&length)
            && length as u64 <= room - HEAD as u64
            && (least..=most).contains(&head.sequence)
            && (first..=head.sequence).contains(&head.group);
        if !plausible {
            return Ok(None);
        }
        let bytes = self.bytes(at, HEAD + length)?;
        if u32_at(bytes, 4) != head.crc(crc32c(&bytes[HEAD..]), salt) {
            return Ok(None);
        }
        let Head { sequence, group, .. } = head;
        Ok(Some(Frame { sequence, written_at: Timestamp::from_nanos(head.at), group, offset: at, length }))
    }

    /// `length` bytes at `at`, all before the end: memory is bounded by the file, never by what a head claims.
    fn bytes(&mut self, at: u64, length: usize) -> io::Result<&[u8]> {
        let held = self.window_at..self.window_at + self.window.len() as u64;
        if at < held.start || at + length as u64 > held.end {
            let left = usize::try_from(self.end - at).unwrap_or(usize::MAX);
            if self.window.capacity() > 4 * WINDOW.max(length) {
                self.window = Vec::new();
            }
            self.window.resize(length.max(WINDOW.min(left)), 0);
            self.window_at = at;
            if let Err(error) = read_what_can_be(&*self.file, &mut self.window, at) {
                self.window.clear();
                return Err(error);
            }
        }
        let from = (at - self.window_at) as usize;
        Ok(&self.window[from..from + length])
    }
}
