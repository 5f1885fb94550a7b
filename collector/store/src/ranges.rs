//! Sets of whole numbers as ranges.

use std::ops::RangeInclusive;

/// In order, with something missing between any two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ranges(Vec<RangeInclusive<u64>>);

impl Ranges {
    pub fn all() -> Self {
        Self(vec![0..=u64::MAX])
    }

    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// What is in any of `ranges`.
    pub fn of(mut ranges: Vec<RangeInclusive<u64>>) -> Self {
        ranges.retain(|range| !range.is_empty());
        ranges.sort_unstable_by_key(|range| *range.start());
        let mut joined: Vec<RangeInclusive<u64>> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match joined.last_mut() {
                Some(last) if *range.start() <= last.end().saturating_add(1) => {
                    *last = *last.start()..=*range.end().max(last.end());
                }
                _ => joined.push(range),
            }
        }
        Self(joined)
    }

    /// What is in none of them.
    pub fn others(&self) -> Self {
        let mut others = Vec::with_capacity(self.0.len() + 1);
        let mut from = Some(0);
        for range in &self.0 {
            if let Some(from) = from
                && from < *range.start()
            {
                others.push(from..=range.start() - 1);
            }
            from = range.end().checked_add(1);
        }
        others.extend(from.map(|from| from..=u64::MAX));
        Self(others)
    }

    pub fn and_also(self, more: Self) -> Self {
        Self::of([self.0, more.0].concat())
    }

    pub fn and_within(&self, other: &Self) -> Self {
        self.others().and_also(other.others()).others()
    }

    /// All that is here, in `most` ranges at most: where they lie closest, what is between them is taken in.
    pub fn at_most(mut self, most: usize) -> Vec<RangeInclusive<u64>> {
        if self.0.len() > most {
            let between = |pair: &[RangeInclusive<u64>]| pair[1].start() - pair[0].end();
            let mut gaps: Vec<u64> = self.0.windows(2).map(between).collect();
            gaps.sort_unstable();
            let narrow = gaps[self.0.len() - 1 - most];
            let mut joined: Vec<RangeInclusive<u64>> = Vec::with_capacity(most);
            for range in self.0 {
                match joined.last_mut() {
                    Some(last) if range.start() - last.end() <= narrow => *last = *last.start()..=*range.end(),
                    _ => joined.push(range),
                }
            }
            self.0 = joined;
        }
        self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn some() -> impl Strategy<Value = Vec<RangeInclusive<u64>>> {
        prop::collection::vec((0_u64..60, 0_u64..8).prop_map(|(from, length)| from..=from + length), 0..8)
    }

    fn holds(ranges: &[RangeInclusive<u64>], number: u64) -> bool {
        ranges.iter().any(|range| range.contains(&number))
    }

    proptest! {
        #[test]
        fn they_hold_what_sets_of_numbers_would(one in some(), other in some()) {
            let (a, b) = (Ranges::of(one.clone()), Ranges::of(other.clone()));
            for number in (0..80).chain([u64::MAX]) {
                let (in_one, in_other) = (holds(&one, number), holds(&other, number));
                prop_assert_eq!(holds(&a.0, number), in_one);
                prop_assert_eq!(holds(&a.others().0, number), !in_one);
                prop_assert_eq!(holds(&a.clone().and_also(b.clone()).0, number), in_one || in_other);
                prop_assert_eq!(holds(&a.and_within(&b).0, number), in_one && in_other);
            }
            prop_assert_eq!(a.others().others(), a);
        }

        #[test]
        fn fewer_of_them_hold_no_less(ranges in some(), most in 1_usize..4) {
            let fewer = Ranges::of(ranges.clone()).at_most(most);
            prop_assert!(fewer.len() <= most);
            prop_assert!((0..80).all(|number| !holds(&ranges, number) || holds(&fewer, number)));
        }
    }
}
