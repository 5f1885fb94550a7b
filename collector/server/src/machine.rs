//! How much memory and disk there is to share.

use std::path::Path;

/// Bytes of memory this process may use: the container's limit, else what the machine has, else a cautious guess.
pub fn memory() -> u64 {
    const GUESS: u64 = 2 << 30;
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| total_of(&text)).unwrap_or(GUESS);
    // cgroup v2, then v1. Inside a container the process sees its own limit at the root.
    let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limit = limits.iter().find_map(|path| std::fs::read_to_string(path).ok()?.trim().parse::<u64>().ok());
    machine.min(limit.unwrap_or(u64::MAX))
}

fn total_of(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Bytes of the disk that holds `directory`, or the nearest directory above it that exists.
pub fn disk(directory: &Path) -> Option<u64> {
    let absolute = std::path::absolute(directory).ok()?;
    let existing = absolute.ancestors().find(|path| path.is_dir())?;
    let disk = rustix::fs::statvfs(existing).ok()?;
    disk.f_blocks.checked_mul(disk.f_frsize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_kib() {
        assert_eq!(total_of("MemFree: 1 kB\nMemTotal:       16303540 kB\n"), Some(16_303_540 * 1024));
        assert_eq!(total_of("nothing"), None);
        assert!(memory() > 64 << 20);
    }

    #[test]
    fn a_directory_that_is_not_there_yet_has_a_disk() {
        assert!(disk(Path::new("/tmp/not/there/yet")).unwrap() > 0);
    }
}
