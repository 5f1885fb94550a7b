//! One file of a spool.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::{Chunk, Encoding};

const MAGIC: &[u8; 8] = b"CLSPOOL1";
/// Magic and `sent`.
const HEAD: u64 = 16;
/// Length and checksum; the encoding is the first byte of what they speak of.
const RECORD: u64 = 8;

pub struct Segment {
    pub number: u64,
    path: PathBuf,
    file: File,
    /// Where the part that is not handed over begins.
    sent: u64,
    /// Where the next record goes.
    end: u64,
    /// Records between `sent` and `end`, of those this process knows; those found in a file are counted when they are read.
    count: u64,
}

/// On disk.
pub fn size_of(body: &[u8]) -> u64 {
    RECORD + 1 + body.len() as u64
}

impl Segment {
    pub fn path(folder: &Path, number: u64) -> PathBuf {
        folder.join(format!("{number}.spool"))
    }

    pub fn create(folder: &Path, number: u64) -> io::Result<Self> {
        let path = Self::path(folder, number);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path)?;
        file.write_all_at(&head(HEAD), 0)?;
        Ok(Self { number, path, file, sent: HEAD, end: HEAD, count: 0 })
    }

    /// Its end is where its last whole record ends.
    pub fn open(folder: &Path, number: u64) -> io::Result<Self> {
        let path = Self::path(folder, number);
        let file = OpenOptions::new().read(true).write(true).open(&path)?;
        let mut start = [0; HEAD as usize];
        file.read_exact_at(&mut start, 0)?;
        let (magic, sent) = start.split_at(MAGIC.len());
        let sent = u64::from_le_bytes(sent.try_into().unwrap_or_default());
        if magic != MAGIC || sent < HEAD {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut segment = Self { number, path, file, sent, end: sent, count: 0 };
        let length = segment.file.metadata()?.len();
        while let Some((_, _, next)) = segment.record(segment.end, length)? {
            segment.end = next;
            segment.count += 1;
        }
        // What a kill cut short would stand behind the next record.
        if segment.end < length {
            segment.file.set_len(segment.end)?;
        }
        Ok(segment)
    }

    pub fn full(&self, more: u64, most: u64) -> bool {
        self.end > HEAD && self.end + more > most
    }

    pub fn is_empty(&self) -> bool {
        self.sent >= self.end
    }

    pub fn bytes(&self) -> u64 {
        self.end.saturating_sub(self.sent)
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn append(&mut self, encoding: Encoding, body: &[u8]) -> io::Result<()> {
        let length = u32::try_from(body.len() + 1).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        let mut record = Vec::with_capacity(body.len() + 9);
        record.extend_from_slice(&length.to_le_bytes());
        record.extend_from_slice(&[0; 4]);
        record.push(encoding as u8);
        record.extend_from_slice(body);
        let checksum = crc32c::crc32c(&record[8..]);
        record[4..8].copy_from_slice(&checksum.to_le_bytes());
        self.file.write_all_at(&record, self.end)?;
        self.end += record.len() as u64;
        self.count += 1;
        Ok(())
    }

    pub fn read(&mut self, most: u64) -> io::Result<Chunk> {
        let mut chunk = Chunk { until: (self.number, self.sent), ..Chunk::default() };
        let mut size = 0;
        while let Some((encoding, body, next)) = self.record(chunk.until.1, self.end)? {
            let alike = chunk.encoding.is_none_or(|known| known == encoding);
            if !alike || (size > 0 && size + body.len() as u64 > most) {
                break;
            }
            size += body.len() as u64;
            chunk.encoding = Some(encoding);
            chunk.bodies.push(body);
            chunk.until.1 = next;
        }
        Ok(chunk)
    }

    /// The record at `at` and where the next one begins; `None` where no whole one is before `end`.
    fn record(&self, at: u64, end: u64) -> io::Result<Option<(Encoding, Bytes, u64)>> {
        if at + RECORD > end {
            return Ok(None);
        }
        let mut front = [0; RECORD as usize];
        self.file.read_exact_at(&mut front, at)?;
        let (length, checksum) = front.split_at(4);
        let length = u64::from(u32::from_le_bytes(length.try_into().unwrap_or_default()));
        let checksum = u32::from_le_bytes(checksum.try_into().unwrap_or_default());
        let next = at + RECORD + length;
        if length == 0 || next > end {
            return Ok(None);
        }
        let mut record = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut record, at + RECORD)?;
        if crc32c::crc32c(&record) != checksum {
            return Ok(None);
        }
        let record = Bytes::from(record);
        let encoding = if record[0] == Encoding::Json as u8 { Encoding::Json } else { Encoding::Protobuf };
        Ok(Some((encoding, record.slice(1..), next)))
    }

    pub fn sent(&mut self, until: u64, count: u64) -> io::Result<()> {
        self.sent = until;
        self.count = self.count.saturating_sub(count);
        self.file.write_all_at(&until.to_le_bytes(), MAGIC.len() as u64)
    }

    /// Begins anew: everything in it was handed over.
    pub fn clear(&mut self) -> io::Result<()> {
        // A kill between the two leaves a segment that was handed over beyond its end: an empty one.
        self.file.set_len(HEAD)?;
        self.file.write_all_at(&head(HEAD), 0)?;
        (self.sent, self.end, self.count) = (HEAD, HEAD, 0);
        Ok(())
    }

    pub fn delete(self) {
        // Left behind, it is read again by the next process, which sends it again: repeats are the collector's to drop.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn head(sent: u64) -> [u8; HEAD as usize] {
    let mut head = [0; HEAD as usize];
    head[..8].copy_from_slice(MAGIC);
    head[8..].copy_from_slice(&sent.to_le_bytes());
    head
}
