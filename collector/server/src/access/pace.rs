//! How many requests a second a key may send: a bucket a key, as full as two seconds' worth.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What was saved up lasts for this many seconds at the key's rate.
const BURST_S: f64 = 2.0;

/// One bucket for each key that has a rate; there are as many as the key file has lines.
#[derive(Default)]
pub struct Pace(Mutex<HashMap<String, Bucket>>);

struct Bucket {
    /// Requests that may come now.
    left: f64,
    at: Instant,
}

impl Pace {
    /// Takes one request of the key `name` that may send `rate` a second; how long to wait when it may not.
    pub fn take(&self, name: &str, rate: u32, now: Instant) -> Option<Duration> {
        let rate = f64::from(rate.max(1));
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !buckets.contains_key(name) {
            buckets.insert(name.to_owned(), Bucket { left: rate * BURST_S, at: now });
        }
        let bucket = buckets.get_mut(name)?;
        let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
        bucket.left = (bucket.left + passed * rate).min(rate * BURST_S);
        bucket.at = bucket.at.max(now);
        if bucket.left >= 1.0 {
            bucket.left -= 1.0;
            return None;
        }
        Some(Duration::from_secs_f64((1.0 - bucket.left) / rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_burst_for_two_seconds_and_then_keeps_its_rate() {
        let pace = Pace::default();
        let start = Instant::now();
        let sent = |from_ms: u64, to_ms: u64| {
            (from_ms..to_ms).filter(|ms| pace.take("lambda", 10, start + Duration::from_millis(*ms)).is_none()).count()
        };
        assert_eq!(sent(0, 1), 1);
        let burst = sent(1, 1_000);
        assert!((28..=30).contains(&burst), "{burst}: twenty saved up and ten of the second");
        let second = sent(1_000, 2_000);
        assert!((9..=10).contains(&second), "{second}");
        assert!(pace.take("other", 10, start).is_none(), "each key has its own");
        let later = start + Duration::from_millis(2_000);
        let waits: Vec<Duration> = (0..30).filter_map(|_| pace.take("lambda", 10, later)).collect();
        assert!(waits.len() >= 20 && waits.iter().all(|wait| wait.as_millis() <= 100), "{waits:?}");
    }
}
