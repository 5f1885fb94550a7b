//! The slowest pages of late, for the status page.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use coldlight_model::Timestamp;

/// Anything quicker is not worth a line.
pub const SLOW: Duration = Duration::from_millis(300);
/// How many are kept.
const KEPT: usize = 10;
/// And for how long, in nanoseconds.
const KEPT_FOR: u64 = 3_600_000_000_000;
/// As much as is kept of an address, in characters.
const MAX_ADDRESS: usize = 300;

/// A page that took long.
#[derive(Clone, Debug, PartialEq)]
pub struct SlowPage {
    /// Path and query, cut.
    pub address: String,
    pub took: Duration,
    pub at: Timestamp,
}

/// The slowest of the last hour, slowest first.
#[derive(Default)]
pub struct SlowPages(Mutex<Vec<SlowPage>>);

impl SlowPages {
    pub fn note(&self, address: &str, took: Duration, now: Timestamp) {
        if took < SLOW {
            return;
        }
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pages.retain(|page| now.since(page.at) < KEPT_FOR);
        let at = pages.partition_point(|page| page.took >= took);
        if at < KEPT {
            pages.insert(at, SlowPage { address: address.chars().take(MAX_ADDRESS).collect(), took, at: now });
            pages.truncate(KEPT);
        }
    }

    /// How long the page at `address` took, if it is one of them.
    pub fn took(&self, address: &str, now: Timestamp) -> Option<Duration> {
        let address: String = address.chars().take(MAX_ADDRESS).collect();
        self.list(now).iter().find(|page| page.address == address).map(|page| page.took)
    }

    pub fn list(&self, now: Timestamp) -> Vec<SlowPage> {
        let pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pages.iter().filter(|page| now.since(page.at) < KEPT_FOR).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_ten_of_the_last_hour_are_kept() {
        let pages = SlowPages::default();
        let now = Timestamp::from_millis(10_000_000);
        for took in [301, 299].into_iter().chain(400..430) {
            pages.note("/map", Duration::from_millis(took), now);
        }
        let kept: Vec<u128> = pages.list(now).iter().map(|page| page.took.as_millis()).collect();
        assert_eq!(kept, (420..430).rev().collect::<Vec<_>>());
        assert_eq!(pages.list(now.plus(KEPT_FOR)), []);
        assert_eq!(pages.took("/map", now), Some(Duration::from_millis(429)));
        assert_eq!(pages.took("/traces", now), None);
    }
}
