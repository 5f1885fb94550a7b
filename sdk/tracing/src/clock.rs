//! The one clock of this crate. Everything else takes times as arguments.

use std::time::SystemTime;

#[expect(clippy::disallowed_methods, reason = "the one place that asks for the time")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

/// Whole milliseconds since 1970.
pub(crate) fn unix_ms(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
