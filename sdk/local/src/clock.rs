//! The one clock of this crate, and how times are written.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[expect(clippy::disallowed_methods, reason = "the one clock of the program")]
pub fn now() -> SystemTime {
    SystemTime::now()
}

/// Milliseconds since 1970.
pub fn unix_ms(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// As the Telemetry API writes it: `2026-03-01T10:00:00.000Z`.
pub fn rfc3339(time: SystemTime) -> String {
    format(time, "%Y-%m-%dT%H:%M:%S%.3fZ")
}

/// With a `strftime` pattern, in UTC. A time outside of jiff's years reads as the epoch.
pub fn format(time: SystemTime, pattern: &str) -> String {
    jiff::Timestamp::try_from(time).unwrap_or(jiff::Timestamp::UNIX_EPOCH).strftime(pattern).to_string()
}

/// Milliseconds with two decimals, as REPORT lines print them. Rounded to 10 µs.
pub fn ms(length: Duration) -> f64 {
    (length.as_nanos() as f64 / 10_000.0).round() / 100.0
}
