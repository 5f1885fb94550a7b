//! When to hand over: at the end of an invocation, or, under steady load, at the start of the next.
//!
//! At the end costs the caller nothing, but the environment is kept, and billed, until the platform has told that the runtime is
//! done (25 ms) and the collector has answered. Where invocations follow each other closely that keeps the function from serving; then
//! what one left is handed over while the next one runs, and nothing is waited for.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use crate::clock;
use crate::settings::Flush;

/// So many invocations within [`STEADY`] mean that the next one is near.
const MANY: usize = 20;
const STEADY: Duration = Duration::from_secs(60);
/// After a pause as long as this the load was not steady.
const PAUSE: Duration = Duration::from_secs(15);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Wait for the runtime, hand over, then ask for the next event.
    AtTheEnd,
    /// Hand over what earlier ones left, and ask at once.
    WhileItRuns,
}

pub struct Strategy {
    flush: Flush,
    /// Without telemetry nobody tells when the runtime is done.
    pub told_of_ends: bool,
    recent: VecDeque<SystemTime>,
}

impl Strategy {
    pub fn new(flush: Flush) -> Self {
        Self { flush, told_of_ends: true, recent: VecDeque::new() }
    }

    /// For an invocation that begins `now`.
    pub fn decide(&mut self, now: SystemTime) -> Moment {
        let after_a_pause = self.recent.back().is_some_and(|last| clock::since(*last, now) > PAUSE);
        if after_a_pause {
            self.recent.clear();
        }
        self.recent.push_back(now);
        while self.recent.len() > MANY {
            self.recent.pop_front();
        }
        if !self.told_of_ends {
            return Moment::WhileItRuns;
        }
        let oldest = self.recent.front().filter(|_| self.recent.len() == MANY);
        let steady = oldest.is_some_and(|oldest| clock::since(*oldest, now) <= STEADY);
        if steady && self.flush == Flush::Adaptive { Moment::WhileItRuns } else { Moment::AtTheEnd }
    }
}

/// How long to leave a collector alone that could not be reached.
#[derive(Default)]
pub struct Backoff {
    failures: u32,
    until: Option<SystemTime>,
}

/// The first pause; it doubles with each failure.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

impl Backoff {
    pub fn may(&self, now: SystemTime) -> bool {
        // A clock that was set back must not silence it for long.
        self.until.is_none_or(|until| now >= until || clock::since(now, until) > LONGEST)
    }

    pub fn well(&mut self) {
        *self = Self::default();
    }

    /// `asked`: how long the collector wants to be left alone.
    pub fn failed(&mut self, now: SystemTime, asked: Option<Duration>) {
        let pause = asked.unwrap_or(FIRST * 2u32.saturating_pow(self.failures)).min(LONGEST);
        self.failures = (self.failures + 1).min(10);
        self.until = Some(now + pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: SystemTime = SystemTime::UNIX_EPOCH;

    fn moments(strategy: &mut Strategy, count: u32, gap: Duration, from: SystemTime) -> (usize, SystemTime) {
        let times: Vec<SystemTime> = (1..=count).map(|number| from + gap * number).collect();
        let steady = times.iter().filter(|time| strategy.decide(**time) == Moment::WhileItRuns).count();
        (steady, times[times.len() - 1])
    }

    #[test]
    fn steady_load_is_not_kept_waiting_and_a_pause_ends_it() {
        let mut strategy = Strategy::new(Flush::Adaptive);
        let (steady, last) = moments(&mut strategy, 30, Duration::from_millis(100), START);
        assert_eq!(steady, 11, "from the twentieth on");
        let (steady, _) = moments(&mut strategy, 10, Duration::from_secs(20), last);
        assert_eq!(steady, 0);
    }

    #[test]
    fn slow_traffic_and_a_plain_wish_hand_over_at_the_end() {
        let mut slow = Strategy::new(Flush::Adaptive);
        assert_eq!(moments(&mut slow, 100, Duration::from_secs(4), START).0, 0);
        let mut plain = Strategy::new(Flush::End);
        assert_eq!(moments(&mut plain, 100, Duration::from_millis(10), START).0, 0);
        let mut deaf = Strategy { told_of_ends: false, ..Strategy::new(Flush::End) };
        assert_eq!(deaf.decide(START), Moment::WhileItRuns);
    }

    #[test]
    fn a_collector_that_is_away_is_asked_less_and_less_often() {
        let mut backoff = Backoff::default();
        let mut now = START;
        let mut pauses = Vec::new();
        for _ in 0..8 {
            backoff.failed(now, None);
            let next =
                (0..).map(|tenth| now + Duration::from_millis(100) * tenth).find(|time| backoff.may(*time)).unwrap();
            pauses.push(clock::since(now, next).as_millis());
            now = next;
        }
        assert_eq!(pauses, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        backoff.well();
        assert!(backoff.may(now));
        backoff.failed(now, Some(Duration::from_secs(3)));
        assert!(!backoff.may(now + Duration::from_secs(2)) && backoff.may(now + Duration::from_secs(3)));
    }
}
