//! The syncing thread: takes what waits, makes it durable with one sync, acknowledges it.

use super::log::Log;
use super::segment::Entry;
use super::shared::{Shared, log_error};

/// Runs until the journal is closed and nothing waits any more.
pub(super) fn run(shared: &Shared, mut log: Log) {
    let _ended = Ended(shared);
    while let Some(mut group) = shared.next_group() {
        let at = shared.now();
        let mut entries: Vec<&mut Entry> = group.iter_mut().map(|waiting| &mut waiting.entry).collect();
        match log.append(&mut entries, at) {
            Ok(segment) => shared.synced(segment, group, at),
            Err(error) => {
                log_error(&error, "the journal cannot write, nothing is taken until it can");
                shared.failed(group);
                if !renew(shared, &mut log) {
                    return;
                }
            }
        }
    }
}

/// Tries a new file again and again: a full disk passes. False when the journal is closing.
fn renew(shared: &Shared, log: &mut Log) -> bool {
    while shared.wait_to_retry() {
        match log.renew() {
            Ok(segment) => {
                tracing::info!("the journal writes again");
                shared.renewed(segment);
                return true;
            }
            Err(error) => log_error(&error, "the journal still cannot write"),
        }
    }
    false
}

/// However the thread ends, by a panic too, nobody is left waiting for it.
struct Ended<'a>(&'a Shared);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.ended();
    }
}
