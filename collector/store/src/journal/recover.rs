//! What is on the disk at the start: every file read and checked once, torn tails cut, damage put aside.
//!
//! A file ends where the next one says it does ([`Header::previous`]): what lies behind was never acknowledged and is cut. Only
//! the last file has nobody to say so; it ends with its last good frame. Whatever is missing before such an end is damage.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::disk::Disk;
use super::log::UNNAMED;
use super::segment::{self, Condition, FORMAT, Found, Frames, HEADER, Header, Hole, Opening, Segment};
use super::{DIRECTORY, JournalError, on, quarantine, record};

/// What [`super::Journal::open`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// The oldest record there is.
    pub first: Option<u64>,
    /// The newest record, or the one before the first to come when there is none.
    pub last: u64,
    pub records: u64,
    pub bytes: u64,
    /// Bytes cut from the ends of files: begun and never acknowledged.
    pub cut_bytes: u64,
    pub damages: Vec<Damage>,
}

/// Something in a file that could not be read. Readable records before and behind it are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The file's name in the journal's directory.
    pub segment: String,
    pub offset: u64,
    pub bytes: u64,
    /// The records that are gone; `None` when nothing says which.
    pub missing: Option<RangeInclusive<u64>>,
    /// Whether any of them had certainly been acknowledged. If not, all belong to the last group, which a loss of power
    /// may have torn before it was acknowledged.
    pub acknowledged: bool,
    /// Where the damaged file is kept; `None` when that is yet to be done, for it is not deleted before.
    pub kept_as: Option<PathBuf>,
}

/// Reads the journal in `root`. Records below `floor` are of no more use: that they are missing is no damage.
pub(super) fn recover(
    disk: &dyn Disk,
    root: &Path,
    floor: u64,
) -> Result<(VecDeque<Segment>, Recovered), JournalError> {
    let directory = root.join(DIRECTORY);
    disk.make_directory(&directory).map_err(on("creating", &directory))?;
    let mut recovery = Recovery { disk, root, directory: &directory, floor, found: Recovered::default() };
    let files = recovery.files()?;
    let mut segments = VecDeque::new();
    // The record up to which everything is read or reported. What was before the first file was released.
    let mut reached = files.first().map_or(0, |first| first.previous);
    for (index, header) in files.iter().enumerate() {
        recovery.missing_before(header, reached);
        let (segment, until) = recovery.segment(*header, files.get(index + 1))?;
        reached = reached.max(header.previous).max(until);
        if segment.last >= header.first || segment.condition != Condition::Whole {
            segments.push_back(segment);
        } else {
            // Nothing was ever acknowledged from it.
            let path = segment::path(&directory, header.first);
            disk.remove(&path).map_err(on("removing", &path))?;
        }
    }
    disk.sync_directory(&directory).map_err(on("syncing", &directory))?;
    let mut found = recovery.found;
    found.last = reached.max(floor - 1);
    found.bytes = segments.iter().map(|segment: &Segment| segment.length).sum();
    Ok((segments, found))
}

struct Recovery<'a> {
    disk: &'a dyn Disk,
    root: &'a Path,
    directory: &'a Path,
    floor: u64,
    found: Recovered,
}

impl Recovery<'_> {
    /// The headers of all files in order, without those that cannot be read at all.
    fn files(&mut self) -> Result<Vec<Header>, JournalError> {
        let names = self.disk.names(self.directory).map_err(on("listing", self.directory))?;
        let mut headers = Vec::new();
        for name in names {
            let path = self.directory.join(&name);
            let Some(first) = segment::first_of(&name) else {
                if name == UNNAMED {
                    self.disk.remove(&path).map_err(on("removing", &path))?;
                } else {
                    tracing::warn!(path = %path.display(), "not a file of the journal, left alone");
                }
                continue;
            };
            let file = self.disk.open(&path).map_err(on("opening", &path))?;
            match Header::read(&*file).map_err(on("reading", &path))? {
                Opening::Ours(header) if header.first == first => headers.push(header),
                Opening::Newer(version) => {
                    return Err(JournalError::Newer { path, version, known: FORMAT });
                }
                Opening::Ours(_) | Opening::Unreadable => {
                    let bytes = file.length().map_err(on("reading", &path))?;
                    self.unreadable(name, first, bytes)?;
                }
            }
        }
        headers.sort_unstable_by_key(|header| header.first);
        Ok(headers)
    }

    /// A file without a header: none of its records can be told from noise.
    fn unreadable(&mut self, name: String, first: u64, bytes: u64) -> Result<(), JournalError> {
        let kept_as = quarantine::move_there(self.disk, self.root, first)?;
        self.report(Damage {
            segment: name,
            offset: 0,
            bytes,
            missing: None,
            acknowledged: true,
            kept_as: Some(kept_as),
        });
        Ok(())
    }

    /// Whole files that are gone between `reached` and `header`.
    fn missing_before(&mut self, header: &Header, reached: u64) {
        let missing = (reached + 1).max(self.floor)..=header.previous;
        if !missing.is_empty() {
            self.report(Damage {
                segment: segment::name(header.first),
                offset: 0,
                bytes: 0,
                missing: Some(missing),
                acknowledged: true,
                kept_as: None,
            });
        }
    }

    /// Reads one file to its end, of which the `next` one knows. Also the record up to which everything is read or reported.
    fn segment(&mut self, header: Header, next: Option<&Header>) -> Result<(Segment, u64), JournalError> {
        let until = next.map(|next| next.previous);
        // Of one run: so everything before the next file was synced. Another run went on with whatever was readable.
        let all_synced = next.is_some_and(|next| next.salt == header.salt);
        let path = segment::path(self.directory, header.first);
        let open = || self.disk.open(&path).map_err(on("opening", &path));
        let file = open()?;
        let length = file.length().map_err(on("reading", &path))?;
        let mut frames = Frames::new(open()?, header, length);
        let mut segment =
            Segment { header, last: header.first - 1, length: HEADER as u64, open: false, condition: Condition::Whole };
        let mut holes: Vec<Hole> = Vec::new();
        loop {
            match frames.next().map_err(on("reading", &path))? {
                Found::End => break,
                Found::Frame(frame) if until.is_some_and(|until| frame.sequence > until) => break,
                Found::Hole(hole) if until.is_some_and(|until| *hole.missing.end() > until) => {
                    // It reaches behind the end: part of it was never acknowledged.
                    break;
                }
                Found::Frame(frame) => {
                    Self::check_version(frames.record(&frame).map_err(on("reading", &path))?, &path)?;
                    self.found.records += 1;
                    self.found.first.get_or_insert(frame.sequence);
                    segment.last = frame.sequence;
                    segment.length = frames.at();
                    if let Some(hole) = holes.last_mut() {
                        hole.acknowledged |= frame.group > *hole.missing.start();
                    }
                }
                Found::Hole(hole) => holes.push(hole),
            }
        }
        if next.is_none() {
            // After a crash of the program alone, what it had not synced is readable and still not on the disk.
            file.sync().map_err(on("syncing", &path))?;
        }
        // Bytes where acknowledged records should be. Without such bytes it is a file between the two that is gone.
        let rest = length.saturating_sub(segment.length);
        let end =
            until.map(|until| (segment.last + 1).max(self.floor)..=until).filter(|end| !end.is_empty() && rest > 0);
        if !holes.is_empty() || end.is_some() {
            let kept_as = quarantine::link_there(self.disk, self.root, header.first);
            segment.condition = if kept_as.is_some() { Condition::PutAside } else { Condition::Damaged };
            for hole in holes {
                self.report(Damage {
                    segment: segment::name(header.first),
                    offset: hole.offset,
                    bytes: hole.bytes,
                    missing: Some(hole.missing),
                    acknowledged: hole.acknowledged || all_synced,
                    kept_as: kept_as.clone(),
                });
            }
            if let Some(end) = &end {
                self.report(Damage {
                    segment: segment::name(header.first),
                    offset: segment.length,
                    bytes: rest,
                    missing: Some(end.clone()),
                    acknowledged: true,
                    kept_as,
                });
            }
        } else if rest > 0 {
            tracing::warn!(path = %path.display(), bytes = rest, "cut a torn end off the journal");
            self.found.cut_bytes += rest;
            file.truncate(segment.length).and_then(|()| file.sync()).map_err(on("cutting", &path))?;
        }
        let until = end.map_or(segment.last, |end| *end.end());
        Ok((segment, until))
    }

    /// A record of a later version must not be skipped as if it were damaged.
    fn check_version(record: &[u8], path: &Path) -> Result<(), JournalError> {
        match record.first() {
            Some(&version) if version > record::VERSION => Err(JournalError::Newer {
                path: path.to_owned(),
                version: version.into(),
                known: record::VERSION.into(),
            }),
            _ => Ok(()),
        }
    }

    fn report(&mut self, damage: Damage) {
        let Damage { segment, offset, bytes, missing, acknowledged, kept_as } = &damage;
        if *acknowledged {
            tracing::error!(
                segment,
                offset,
                bytes,
                ?missing,
                ?kept_as,
                "acknowledged records of the journal cannot be read"
            );
        } else {
            tracing::warn!(
                segment,
                offset,
                bytes,
                ?missing,
                ?kept_as,
                "the last group of the journal was torn or damaged"
            );
        }
        self.found.damages.push(damage);
    }
}
