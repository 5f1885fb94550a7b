//! Deleting what is of no more use.

use std::io;

use super::segment::{self, Condition};
use super::shared::Shared;
use super::{DIRECTORY, JournalError, on, quarantine};

/// Deletes the files that hold nothing after `position`, oldest first, and tells how many bytes that freed. A damaged file that
/// the quarantine does not hold yet is moved there instead.
pub(super) fn release(shared: &Shared, position: u64) -> Result<u64, JournalError> {
    let directory = shared.root.join(DIRECTORY);
    let mut freed = 0;
    while let Some(segment) = shared.released(position) {
        let first = segment.header.first;
        let path = segment::path(&directory, first);
        match segment.condition {
            Condition::Damaged => drop(quarantine::move_there(&*shared.disk, &shared.root, first)?),
            Condition::Whole | Condition::PutAside => match shared.disk.remove(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(on("removing", &path)(error)),
                _ => {}
            },
        }
        freed += segment.length;
        shared.forget(&segment);
    }
    if freed > 0 {
        shared.disk.sync_directory(&directory).map_err(on("syncing", &directory))?;
    }
    Ok(freed)
}
