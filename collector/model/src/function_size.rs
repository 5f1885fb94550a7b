//! What was measured of a function in one memory size, and which size to take.

use crate::money::Usd;
use crate::money::advice::{LEAST_INVOCATIONS, Load};
use crate::{Nanos, Timestamp};

/// Of the memory configured, the share that should stay free, in percent: what a few more records or a larger image take.
pub const SPARE_PERCENT: u64 = 20;
/// Lambda's smallest and largest size.
pub const SIZES_MB: std::ops::RangeInclusive<u64> = 128..=10_240;

/// A measured point.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FunctionSize {
    pub load: Load,
    /// Invocations whose billed time the platform reported.
    pub reported: u64,
    pub p50: Option<Nanos>,
    pub p95: Option<Nanos>,
    pub max_memory_mb: Option<u64>,
    /// Of all of them; `None` where a price is not known.
    pub cost: Option<Usd>,
    pub first: Timestamp,
    pub last: Timestamp,
}

impl FunctionSize {
    pub fn per_million(&self) -> Option<Usd> {
        self.cost?.times(1_000_000, self.load.invocations.into())
    }

    /// Enough invocations to speak of.
    pub fn is_evidence(&self) -> bool {
        self.load.invocations >= LEAST_INVOCATIONS && self.cost.is_some()
    }
}

/// What the measured points say.
#[derive(Clone, Debug, PartialEq)]
pub enum RightSize {
    /// The cheapest of several sizes measured, within the latency asked for: its place among the points.
    Cheapest { at: usize },
    /// Several were measured, and none is quick enough.
    NoneQuickEnough,
    /// One size was measured: what it leaves unused is all that is known. `try_mb` is a size to measure next.
    OneSize { at: usize, try_mb: Option<u64> },
    /// Not enough was seen of any.
    Thin { most: u64 },
}

/// Which of `points`, all of one function, to take when its p95 must not exceed `slowest`.
pub fn right_size(points: &[FunctionSize], slowest: Option<Nanos>) -> RightSize {
    let evidence: Vec<usize> = (0..points.len()).filter(|at| points[*at].is_evidence()).collect();
    match evidence[..] {
        [] => RightSize::Thin { most: points.iter().map(|point| point.load.invocations).max().unwrap_or(0) },
        [at] => RightSize::OneSize { at, try_mb: next_to_try(&points[at]) },
        _ => {
            let quick = |at: &usize| slowest.is_none_or(|slowest| points[*at].p95.is_some_and(|p95| p95 <= slowest));
            let cheapest = evidence.into_iter().filter(quick).min_by_key(|at| {
                let point = &points[*at];
                (point.per_million(), point.load.memory_mb, point.load.architecture)
            });
            cheapest.map_or(RightSize::NoneQuickEnough, |at| RightSize::Cheapest { at })
        }
    }
}

/// Half of it where what was used fits with some to spare; twice of it where it is nearly full; else nothing speaks for another.
fn next_to_try(point: &FunctionSize) -> Option<u64> {
    let (size, used) = (u64::from(point.load.memory_mb), point.max_memory_mb?);
    let fits = |mb: u64| used.saturating_mul(100) <= mb.saturating_mul(100 - SPARE_PERCENT);
    let (half, twice) = (size / 2, size.saturating_mul(2).min(*SIZES_MB.end()));
    if fits(half) && SIZES_MB.contains(&half) { Some(half) } else { (!fits(size) && twice > size).then_some(twice) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn point(memory_mb: u32, invocations: u64, micro: u64, p95_ms: u64, used: u64) -> FunctionSize {
        FunctionSize {
            load: Load { memory_mb, invocations, ..Load::default() },
            p95: Some(p95_ms * 1_000_000),
            max_memory_mb: Some(used),
            cost: Usd::from_attos(i128::from(micro) * 1_000_000_000_000),
            ..FunctionSize::default()
        }
    }

    #[test]
    fn the_cheapest_size_within_the_latency_is_taken() {
        let points =
            [point(128, 1_000, 500, 900, 90), point(512, 1_000, 400, 250, 90), point(1024, 1_000, 700, 120, 90)];
        assert_eq!(right_size(&points, None), RightSize::Cheapest { at: 1 });
        assert_eq!(right_size(&points, Some(200_000_000)), RightSize::Cheapest { at: 2 });
        assert_eq!(right_size(&points, Some(1)), RightSize::NoneQuickEnough);
    }

    #[test]
    fn one_size_says_only_what_it_leaves_unused() {
        assert_eq!(right_size(&[point(512, 1_000, 1, 1, 90)], None), RightSize::OneSize { at: 0, try_mb: Some(256) });
        assert_eq!(right_size(&[point(512, 1_000, 1, 1, 500)], None), RightSize::OneSize { at: 0, try_mb: Some(1024) });
        assert_eq!(right_size(&[point(512, 1_000, 1, 1, 300)], None), RightSize::OneSize { at: 0, try_mb: None });
        assert_eq!(right_size(&[point(128, 1_000, 1, 1, 20)], None), RightSize::OneSize { at: 0, try_mb: None });
        assert_eq!(right_size(&[point(512, 99, 1, 1, 90)], None), RightSize::Thin { most: 99 });
    }

    proptest! {
        #[test]
        fn nothing_within_the_latency_is_cheaper_than_what_is_taken(
            points in proptest::collection::vec((1..80_u32, 1..2_000_u64, 1..10_000_u64, 1..2_000_u64), 2..12), slowest in 1..2_500_u64,
        ) {
            let points: Vec<FunctionSize> =
                points.into_iter().map(|(size, count, micro, p95)| point(size * 128, count, micro, p95, 64)).collect();
            if let RightSize::Cheapest { at } = right_size(&points, Some(slowest * 1_000_000)) {
                prop_assert!(points[at].p95.unwrap() <= slowest * 1_000_000);
                for other in points.iter().filter(|one| one.is_evidence() && one.p95.unwrap() <= slowest * 1_000_000) {
                    prop_assert!(points[at].per_million() <= other.per_million());
                }
            }
        }
    }
}
