//! Where the tests read the time of day, and the only place: spans need real start times to be "now".

use std::time::{Duration, Instant, SystemTime};

/// Nanoseconds since 1970, as OTLP counts.
#[expect(clippy::disallowed_methods, reason = "senders stamp spans with the time of day; this is their one clock")]
pub fn unix_nanos() -> u64 {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_nanos()).unwrap_or(u64::MAX)
}

/// Asks `question` again and again until it says yes, and tells how long that took.
///
/// Panics with `what` and the last refusal when `limit` passes: a story that waits for ever tells nothing.
#[track_caller]
pub fn until<F>(what: &str, limit: Duration, mut question: F) -> impl Future<Output = Duration>
where
    F: AsyncFnMut() -> Result<(), String>,
{
    let (what, caller) = (what.to_owned(), std::panic::Location::caller());
    async move {
        let start = Instant::now();
        loop {
            match question().await {
                Ok(()) => return start.elapsed(),
                Err(why) if start.elapsed() > limit => panic!("{caller}: {what}: not within {limit:?}: {why}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }
}
