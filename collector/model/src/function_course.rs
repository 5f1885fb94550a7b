//! What the page of one function says beyond its groups: its course, its versions, what it calls, and what deserves a note.

use crate::money::Usd;
use crate::{Nanos, NodeKind, Timestamp};

/// One twentieth of the memory: how finely [`FunctionCourse::memory`] tells how full it was.
pub const MEMORY_STEPS: usize = 20;

/// Answer about the invocations of one function that a filter holds of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FunctionCourse {
    /// By number of the slice, ascending; those in which nothing ran are left out.
    pub slices: Vec<CourseSlice>,
    /// Invocations by how much of the configured memory was used: `memory[9]` from 45 % to below 50 %, and last those that used all of it.
    pub memory: [u64; MEMORY_STEPS + 1],
    /// What those cost that have a price, and of it what passed while calls of their own were under way.
    pub total: Usd,
    pub waiting: Usd,
    /// The init's part of what the caller of a cold start waited for, in thousandths: half of the cold starts have this much or more.
    pub init_share: Option<u64>,
    /// Of invocations on x86_64 that have a price on arm64 too.
    pub on_x86: Option<OnX86>,
    /// First of their kind inside the range and not the first ever, by time.
    pub deploys: Vec<Deploy>,
    /// Longest in all first.
    pub calls: Vec<Called>,
    /// How long those invocations ran that have a trace, in which the calls would be.
    pub traced: Nanos,
    /// Calls of others to this function that Lambda turned away, and who made most of them.
    pub throttled: u64,
    pub throttled_caller: Option<String>,
}

/// One slice of the range.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CourseSlice {
    pub at: u64,
    /// Nanoseconds that ran, by the slice in which they began; divided by the slice's length it is the mean concurrency.
    pub busy: Nanos,
    /// Most at a time.
    pub peak: u64,
    /// Different environments.
    pub environments: u64,
    /// Median time between sending and start, of what came from a queue or stream.
    pub age: Option<Nanos>,
}

/// What was paid on x86_64, and what the same would have been on arm64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OnX86 {
    pub invocations: u64,
    pub paid: Usd,
    pub on_arm64: Usd,
}

/// A version that was not there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deploy {
    /// `version` (of the function) or `service.version`.
    pub what: String,
    pub version: String,
    pub first: Timestamp,
}

/// What the function called: a node of the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    pub kind: NodeKind,
    pub name: String,
    pub calls: u64,
    pub faults: u64,
    pub throttles: u64,
    /// How long all of them took together; calls made side by side count each.
    pub took: Nanos,
}

impl FunctionCourse {
    /// Median age in the first and in the last third of the slices that have one, where it more than doubled by more than a second.
    pub fn growing_age(&self) -> Option<(Nanos, Nanos)> {
        const LEAST: Nanos = 1_000_000_000;
        let ages: Vec<Nanos> = self.slices.iter().filter_map(|slice| slice.age).collect();
        let third = ages.len() / 3;
        if third == 0 {
            return None;
        }
        let median = |ages: &[Nanos]| {
            let mut sorted = ages.to_vec();
            sorted.sort_unstable();
            sorted[sorted.len() / 2]
        };
        let (first, last) = (median(&ages[..third]), median(&ages[ages.len() - third..]));
        (last > first.saturating_mul(2) && last - first > LEAST).then_some((first, last))
    }

    /// Calls of its own that were turned away.
    pub fn turned_away(&self) -> u64 {
        self.calls.iter().map(|call| call.throttles).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ages_ms: &[u64], expected: Option<(u64, u64)>) {
        let slice = |(at, ms): (usize, &u64)| CourseSlice {
            at: at as u64,
            age: Some(ms * 1_000_000),
            ..CourseSlice::default()
        };
        let course =
            FunctionCourse { slices: ages_ms.iter().enumerate().map(slice).collect(), ..FunctionCourse::default() };
        assert_eq!(course.growing_age(), expected.map(|(a, b)| (a * 1_000_000, b * 1_000_000)));
    }

    #[test]
    fn an_age_grows_when_it_doubles_by_more_than_a_second() {
        check(&[100, 200, 4_000, 9_000, 20_000, 30_000], Some((200, 30_000)));
        check(&[10, 20, 40, 90, 200, 300], None);
        check(&[20_000, 22_000, 21_000], None);
        check(&[1, 90_000], None);
        check(&[], None);
    }
}
