//! The program's one clock. Whoever needs the time gets it as an argument, or this function as a value.

use coldlight_model::Timestamp;

/// The time of day. A clock set before 1970 reads as the epoch.
#[expect(clippy::disallowed_methods, reason = "the one clock of the program")]
pub fn now() -> Timestamp {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX))
}
