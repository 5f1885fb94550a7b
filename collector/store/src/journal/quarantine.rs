//! Damaged files of the journal are kept for people to look at: nothing that was acknowledged is deleted for being unreadable.

use std::io;
use std::path::{Path, PathBuf};

use super::disk::Disk;
use super::{DIRECTORY, JournalError, QUARANTINE, on, segment};

/// How many damaged files of one name are kept apart.
const MOST_NAMES: u32 = 100;

/// Gives the segment a second name in the quarantine, which costs no space and outlives the first. `None` when that cannot be
/// done now, for instance where the file system has no links; then it is [moved](move_there) instead of deleted later.
pub(super) fn link_there(disk: &dyn Disk, root: &Path, first: u64) -> Option<PathBuf> {
    let from = segment::path(&root.join(DIRECTORY), first);
    let quarantine = root.join(QUARANTINE);
    let linked = disk.make_directory(&quarantine).and_then(|()| {
        for to in names(&quarantine, first) {
            match disk.link(&from, &to) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                result => return result.and_then(|()| disk.sync_directory(&quarantine)).map(|()| to),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    });
    linked
        .inspect_err(|error| tracing::error!(path = %from.display(), %error, "could not put a damaged file aside yet"))
        .ok()
}

/// Moves the segment out of the journal into the quarantine.
pub(super) fn move_there(disk: &dyn Disk, root: &Path, first: u64) -> Result<PathBuf, JournalError> {
    let directory = root.join(DIRECTORY);
    let from = segment::path(&directory, first);
    let quarantine = root.join(QUARANTINE);
    let moved = disk.make_directory(&quarantine).and_then(|()| {
        let taken = disk.names(&quarantine)?;
        let is_free = |to: &PathBuf| !taken.iter().any(|name| to.ends_with(name));
        let to = names(&quarantine, first).find(is_free).ok_or(io::ErrorKind::AlreadyExists)?;
        disk.rename(&from, &to)?;
        disk.sync_directory(&quarantine)?;
        disk.sync_directory(&directory)?;
        Ok(to)
    });
    moved.map_err(on("putting aside", &from))
}

fn names(quarantine: &Path, first: u64) -> impl Iterator<Item = PathBuf> {
    (0..MOST_NAMES).map(move |number| match number {
        0 => quarantine.join(format!("journal-{first:020}.log")),
        _ => quarantine.join(format!("journal-{first:020}.{number}.log")),
    })
}
