//! A Bloom filter: which of many values are surely not among some, in a few bits a value.
//!
//! It grows in its full size and is folded when it is kept, so nobody needs to know beforehand how many values come. It lies in
//! slices: a value is in one of them, so whoever asks for a value reads a sixteenth.
//!
//! What is kept is read by later versions: neither the fingerprint nor the places of its bits may change without a migration.

use twox_hash::XxHash3_64;

/// Parts that are kept and read on their own.
pub(crate) const SLICES: u8 = 16;

/// Bits of a slice before folding: 1 MiB in all, enough for about a million different values.
const SLICE_BITS: usize = 1 << 19;

/// Bits of a slice after folding, at least.
const LEAST_BITS: usize = 1 << 9;

/// How exact a filter is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Exactness {
    /// Half of the bits may be set, four by each value: one value in sixteen that is not there seems to be. A value takes about a byte.
    Rough,
    /// Three eighths, eight by each: one in 2,500; two to four bytes.
    Fine,
}

impl Exactness {
    /// Bits a value sets.
    fn probes(self) -> u8 {
        match self {
            Self::Rough => 4,
            Self::Fine => 8,
        }
    }

    /// Eighths of the bits that may be set.
    fn most(self) -> usize {
        match self {
            Self::Rough => 4,
            Self::Fine => 3,
        }
    }
}

/// What is remembered of a value under a name.
pub(crate) fn fingerprint(name: &str, value: &str) -> u64 {
    XxHash3_64::oneshot_with_seed(XxHash3_64::oneshot(name.as_bytes()), value.as_bytes())
}

/// Which slice knows of a fingerprint.
pub(crate) fn slice_of(fingerprint: u64) -> u8 {
    (fingerprint >> 60) as u8
}

fn probes(fingerprint: u64, probes: u8) -> impl Iterator<Item = usize> {
    let (start, stride) = (fingerprint as u32, (fingerprint >> 28) as u32 | 1);
    (0..u32::from(probes)).map(move |n| start.wrapping_add(n.wrapping_mul(stride)) as usize)
}

/// Whether a value may be in a kept slice. Behind the bits of one that is not rough stands how many a value sets.
pub(crate) fn may_hold(slice: &[u8], fingerprint: u64) -> bool {
    let (slice, each) = match slice {
        [bits @ .., each] if bits.len().is_power_of_two() && bits.len() > 1 => (bits, *each),
        rough => (rough, Exactness::Rough.probes()),
    };
    let bits = slice.len() * 8;
    // What is not of a size that can have been kept says nothing.
    !bits.is_power_of_two()
        || probes(fingerprint, each).all(|place| {
            let place = place & (bits - 1);
            slice[place / 8] & (1 << (place % 8)) != 0
        })
}

/// A filter under construction.
pub(crate) struct Bloom {
    slices: Vec<Vec<u64>>,
    exactness: Exactness,
}

impl Bloom {
    pub fn new(exactness: Exactness) -> Self {
        Self { slices: vec![vec![0; SLICE_BITS / 64]; usize::from(SLICES)], exactness }
    }

    pub fn insert(&mut self, fingerprint: u64) {
        let slice = &mut self.slices[usize::from(slice_of(fingerprint))];
        for place in probes(fingerprint, self.exactness.probes()) {
            let place = place & (SLICE_BITS - 1);
            slice[place / 64] |= 1 << (place % 64);
        }
    }

    pub fn clear(&mut self) {
        self.slices.iter_mut().for_each(|slice| slice.fill(0));
    }

    /// The slices in order, as small as they may be: folded while no more of the bits of each are set than may be.
    pub fn slices(&self) -> Vec<Vec<u8>> {
        let mut slices = self.slices.clone();
        while slices[0].len() * 64 > LEAST_BITS {
            let folded: Vec<Vec<u64>> = slices.iter().map(|slice| folded(slice)).collect();
            if folded.iter().any(|slice| ones(slice) > slice.len() * 8 * self.exactness.most()) {
                break;
            }
            slices = folded;
        }
        let each = match self.exactness {
            Exactness::Rough => None,
            Exactness::Fine => Some(self.exactness.probes()),
        };
        slices.iter().map(|slice| slice.iter().flat_map(|word| word.to_le_bytes()).chain(each).collect()).collect()
    }
}

fn folded(slice: &[u64]) -> Vec<u64> {
    let (low, high) = slice.split_at(slice.len() / 2);
    low.iter().zip(high).map(|(low, high)| low | high).collect()
}

fn ones(slice: &[u64]) -> usize {
    slice.iter().map(|word| word.count_ones() as usize).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn holds(slices: &[Vec<u8>], fingerprint: u64) -> bool {
        may_hold(&slices[usize::from(slice_of(fingerprint))], fingerprint)
    }

    proptest! {
        #[test]
        fn what_was_put_in_is_found(
            values in prop::collection::vec(".{0,40}", 1..200),
            exactness in prop::sample::select(vec![Exactness::Rough, Exactness::Fine]),
        ) {
            let mut bloom = Bloom::new(exactness);
            values.iter().for_each(|value| bloom.insert(fingerprint("order.id", value)));
            let kept = bloom.slices();
            prop_assert!(values.iter().all(|value| holds(&kept, fingerprint("order.id", value))));
        }
    }

    #[test]
    fn few_values_take_little_room_and_few_others_seem_to_be_there() {
        let counts = [0_u64, 1_000, 60_000, 300_000];
        let all = [(Exactness::Rough, 1_000, 2), (Exactness::Fine, 12, 5)];
        for ((exactness, most_wrong, most_bytes), count) in
            all.into_iter().flat_map(|one| counts.map(|count| (one, count)))
        {
            let mut bloom = Bloom::new(exactness);
            (0..count).for_each(|n| bloom.insert(fingerprint("order.id", &n.to_string())));
            let kept = bloom.slices();
            let wrong = (0..10_000_u64).filter(|n| holds(&kept, fingerprint("order.id", &format!("o-{n}")))).count();
            assert!(wrong < most_wrong, "{wrong} of 10,000 that are not there, of {count}, {exactness:?}");
            let bytes: usize = kept.iter().map(Vec::len).sum();
            assert!(bytes as u64 <= 1_040 + count * most_bytes, "{bytes} bytes for {count}, {exactness:?}");
        }
    }

    #[test]
    fn a_cleared_filter_holds_nothing() {
        let mut bloom = Bloom::new(Exactness::Rough);
        bloom.insert(fingerprint("a", "b"));
        bloom.clear();
        assert!(!holds(&bloom.slices(), fingerprint("a", "b")));
    }

    #[test]
    fn a_name_and_a_value_are_remembered_as_they_always_were() {
        assert_eq!(fingerprint("trace_id", "a40e93792d88df53f99e278e809b0ee6"), 8_153_522_437_762_247_015);
        assert_eq!(fingerprint("", ""), 4_696_993_233_866_070_003);
    }
}
