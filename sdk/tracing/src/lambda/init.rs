//! How long a function's start took, as the process itself can see it.

use std::time::Duration;

/// Linux counts the age of processes in hundredths of a second, on every architecture Lambda has.
const TICKS: f64 = 100.0;

/// Since the process began; `None` where `/proc` does not tell.
pub(super) fn since_start() -> Option<Duration> {
    let read = |path| std::fs::read_to_string(path).ok();
    age(&read("/proc/self/stat")?, &read("/proc/uptime")?)
}

/// From the twenty-second field of `stat` (ticks from boot to start; the second field is in parentheses and may hold anything)
/// and the first of `uptime` (seconds since boot). Resolution ten milliseconds.
fn age(stat: &str, uptime: &str) -> Option<Duration> {
    let started: f64 = stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(19)?.parse().ok()?;
    let now: f64 = uptime.split_ascii_whitespace().next()?.parse().ok()?;
    Duration::try_from_secs_f64((now - started / TICKS).max(0.0)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_as_old_as_proc_says() {
        let stat = "7 (boot) strap) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 1234 99 88";
        assert_eq!(age(stat, "12.59 3.00\n"), Some(Duration::from_millis(250)));
        assert_eq!(age("nonsense", "1 2"), None);
        assert!(since_start().unwrap() < Duration::from_secs(3600));
    }
}
