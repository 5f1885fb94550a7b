//! Durations in exponential buckets, and quantiles read from them.
//!
//! OpenTelemetry's exponential histogram at scale 3: bucket `i` holds (2^(i/8), 2^((i+1)/8)] nanoseconds, so a quantile is
//! right within 9 %. SQL computes the same index (`store`), which a test there compares with [`bucket_of`].

use crate::Nanos;

/// Buckets per doubling.
const PER_DOUBLING: f64 = 8.0;

/// The bucket that holds `duration`; 0 ns counts as 1 ns.
pub fn bucket_of(duration: Nanos) -> i32 {
    let index = ((duration.max(1) as f64).log2() * PER_DOUBLING).ceil() as i32 - 1;
    index.max(0)
}

/// The lower (exclusive) and upper (inclusive) bound of a bucket in nanoseconds.
pub fn bucket_bounds(bucket: i32) -> (f64, f64) {
    let bound = |index: i32| 2f64.powf(f64::from(index) / PER_DOUBLING);
    (bound(bucket), bound(bucket + 1))
}

/// How many calls took how long.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DurationHistogram {
    /// (bucket, count), ascending, counts above 0.
    pub buckets: Vec<(i32, u64)>,
}

impl DurationHistogram {
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }

    /// Adds `count` calls to `bucket`.
    pub fn add(&mut self, bucket: i32, count: u64) {
        match self.buckets.binary_search_by_key(&bucket, |(known, _)| *known) {
            Ok(at) => self.buckets[at].1 += count,
            Err(at) => self.buckets.insert(at, (bucket, count)),
        }
    }

    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.buckets {
            self.add(*bucket, *count);
        }
    }

    /// The duration below which the share `q` (0 to 1) of the calls lie, interpolated in its bucket; `None` when empty.
    pub fn quantile(&self, q: f64) -> Option<Nanos> {
        let total = self.count();
        if total == 0 {
            return None;
        }
        let rank = q.clamp(0.0, 1.0) * total as f64;
        let mut below = 0.0;
        for (bucket, count) in &self.buckets {
            let count = *count as f64;
            if below + count >= rank {
                let (low, high) = bucket_bounds(*bucket);
                return Some((low + (high - low) * ((rank - below) / count)).round() as Nanos);
            }
            below += count;
        }
        self.buckets.last().map(|(bucket, _)| bucket_bounds(*bucket).1.round() as Nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_empty_histogram_has_no_quantile() {
        assert_eq!(DurationHistogram::default().quantile(0.5), None);
    }

    proptest! {
        #[test]
        fn a_duration_lies_within_its_bucket(duration in 2u64..1 << 50) {
            let (low, high) = bucket_bounds(bucket_of(duration));
            prop_assert!(low * (1.0 - 1e-12) < duration as f64 && duration as f64 <= high * (1.0 + 1e-12));
        }

        #[test]
        fn a_quantile_is_right_within_nine_percent(mut durations in proptest::collection::vec(1000u64..1 << 40, 1..200)) {
            let mut histogram = DurationHistogram::default();
            for duration in &durations {
                histogram.add(bucket_of(*duration), 1);
            }
            durations.sort_unstable();
            let exact = durations[(durations.len() * 95).div_ceil(100) - 1] as f64;
            let read = histogram.quantile(0.95).unwrap() as f64;
            prop_assert!((read / exact - 1.0).abs() < 0.0951, "read {read}, exact {exact}");
        }
    }
}
