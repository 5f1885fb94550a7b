//! How much memory an environment holds: the resident pages of its processes and of all they started.
//!
//! Resident memory and not address space, for Node and the JVM reserve gigabytes that they never touch. Pages that processes share
//! count for each. Read from `/proc`, where there is one; elsewhere nothing is counted and no limit holds.

use std::collections::BTreeSet;

use rustix::process::Pid;

/// More processes than this are not followed.
const MOST: usize = 4_096;

/// Bytes, of `roots` and their descendants.
pub fn resident(roots: &[Pid]) -> u64 {
    let page = rustix::param::page_size() as u64;
    let mut seen = BTreeSet::new();
    let mut left: Vec<i32> = roots.iter().map(|pid| pid.as_raw_nonzero().get()).collect();
    let mut pages = 0;
    while let Some(pid) = left.pop() {
        if seen.len() >= MOST || !seen.insert(pid) {
            continue;
        }
        pages += resident_pages(pid).unwrap_or(0);
        left.extend(children(pid));
    }
    pages * page
}

/// The second number of `statm`.
fn resident_pages(pid: i32) -> Option<u64> {
    std::fs::read_to_string(format!("/proc/{pid}/statm")).ok()?.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Each thread has the list of the processes it started.
fn children(pid: i32) -> Vec<i32> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let lists = threads.flatten().filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    lists.flat_map(|list| list.split_ascii_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>()).collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_holds_memory_is_seen_to_hold_it() {
        let own = rustix::process::getpid();
        let before = resident(&[own]);
        let held = vec![7u8; 64 << 20];
        let after = resident(&[own]);
        assert!(held.iter().all(|byte| *byte == 7));
        assert!(after >= before + (60 << 20), "{before} then {after}");
    }
}
