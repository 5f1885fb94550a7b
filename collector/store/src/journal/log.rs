//! The writing end of the files: groups of entries in, each appended and synced, a new file when one is full or failed.
//!
//! Nothing here waits or locks: one thread owns a [`Log`], and a simulation can drive it step by step.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use coldlight_model::Timestamp;

use super::disk::{Disk, DiskFile};
use super::segment::{self, Condition, Entry, HEADER, Header, Segment};
use super::{JournalError, on};

/// Entries shorter than this are gathered before they are written.
const GATHER: usize = 256 << 10;

pub(super) struct Log {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    segment_bytes: u64,
    salt: u64,
    current: Option<(Segment, Box<dyn DiskFile>)>,
    /// The sequence of the next record. Never goes back, and a number once on its way to the disk is not given again: what a
    /// failed sync left behind may come to light after the next crash.
    next: u64,
    /// The last sequence whose sync succeeded.
    synced: u64,
    gathered: Vec<u8>,
}

impl Log {
    /// Continues after `synced` in `directory`, in a new file: a file found at the start is never written to again.
    pub(super) fn new(disk: Arc<dyn Disk>, directory: PathBuf, segment_bytes: u64, synced: u64) -> Self {
        let salt = disk.random();
        Self { disk, directory, segment_bytes, salt, current: None, next: synced + 1, synced, gathered: Vec::new() }
    }

    /// Writes and syncs `entries` as one group, which take the sequences up to the returned segment's last.
    ///
    /// After an error none of them is acknowledged, and the file they went to is given up: a second sync of the same pages
    /// would report success without having written them.
    pub(super) fn append(&mut self, entries: &mut [&mut Entry], at: Timestamp) -> Result<Segment, JournalError> {
        let (mut segment, file) = match self.current.take() {
            Some(current) => current,
            None => self.next_file()?,
        };
        let group = self.next;
        self.next += entries.len() as u64;
        match self.write(&segment, &*file, entries, group, at) {
            Ok(length) => {
                segment.length = length;
                segment.last = self.next - 1;
                segment.open = length < self.segment_bytes;
                self.synced = segment.last;
                if segment.open {
                    self.current = Some((segment.clone(), file));
                }
                Ok(segment)
            }
            Err(error) => {
                let path = segment::path(&self.directory, segment.header.first);
                // Only tidiness depends on this: the next file says where this one ends.
                if let Err(error) = file.truncate(segment.length).and_then(|()| file.sync()) {
                    tracing::warn!(path = %path.display(), %error, "could not cut what a failed write left in the journal");
                }
                Err(on("writing", &path)(error))
            }
        }
    }

    fn write(
        &mut self,
        segment: &Segment,
        file: &dyn DiskFile,
        entries: &mut [&mut Entry],
        group: u64,
        at: Timestamp,
    ) -> io::Result<u64> {
        let mut end = segment.length;
        self.gathered.clear();
        for (sequence, entry) in (group..).zip(entries) {
            entry.seal(segment.header.salt, sequence, group, at);
            if self.gathered.len() + entry.bytes().len() > GATHER {
                end = write_at(file, &self.gathered, end)?;
                self.gathered.clear();
            }
            if entry.bytes().len() > GATHER {
                end = write_at(file, entry.bytes(), end)?;
            } else {
                self.gathered.extend_from_slice(entry.bytes());
            }
        }
        end = write_at(file, &self.gathered, end)?;
        file.sync()?;
        Ok(end)
    }

    /// Starts the next file now, which shows whether the disk can be written again.
    pub(super) fn renew(&mut self) -> Result<Segment, JournalError> {
        let (segment, file) = self.next_file()?;
        self.current = Some((segment.clone(), file));
        Ok(segment)
    }

    /// Makes the next file. It appears under its name only once its header is on the disk, so a file with a name and without
    /// a header is damage and never an accident of timing.
    fn next_file(&self) -> Result<(Segment, Box<dyn DiskFile>), JournalError> {
        let header = Header { first: self.next, previous: self.synced, salt: self.salt };
        let path = segment::path(&self.directory, header.first);
        let file = self.create(&header, &path).map_err(on("creating", &path))?;
        let last = header.first - 1;
        Ok((Segment { header, last, length: HEADER as u64, open: true, condition: Condition::Whole }, file))
    }

    fn create(&self, header: &Header, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let unnamed = self.directory.join(UNNAMED);
        // What an attempt before this one left is never synced again, so it must not be reused.
        match self.disk.remove(&unnamed) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = self.disk.create(&unnamed)?;
        file.write_at(&header.to_bytes(), 0)?;
        file.sync()?;
        self.disk.rename(&unnamed, path)?;
        self.disk.sync_directory(&self.directory)?;
        Ok(file)
    }
}

/// The name of a file that has no header yet.
pub(super) const UNNAMED: &str = "next.tmp";

fn write_at(file: &dyn DiskFile, bytes: &[u8], at: u64) -> io::Result<u64> {
    if !bytes.is_empty() {
        file.write_at(bytes, at)?;
    }
    Ok(at + bytes.len() as u64)
}
