//! The one clock of this crate. The wall clock everywhere: the other one stands still while the environment is frozen.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[expect(clippy::disallowed_methods, reason = "the one clock of the program")]
pub fn now() -> SystemTime {
    SystemTime::now()
}

/// Nanoseconds since 1970.
pub fn unix_ns(time: SystemTime) -> u64 {
    u64::try_from(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()).unwrap_or(u64::MAX)
}

/// How long until `deadline_ms` (since 1970); none when it has passed.
pub fn until(deadline_ms: u64, now: SystemTime) -> Duration {
    (UNIX_EPOCH + Duration::from_millis(deadline_ms)).duration_since(now).unwrap_or_default()
}

/// From `earlier` on; none when the clock was set back.
pub fn since(earlier: SystemTime, now: SystemTime) -> Duration {
    now.duration_since(earlier).unwrap_or_default()
}
