//! Which spans are surely not kept yet: a filter of those written last spares looking for them among the rows.
//!
//! It forgets the oldest of what it knows, and knows nothing of what was written before the start; of a span that begins before the last of
//! those it says nothing. What it says wrongly is only that a span may be kept, and then the rows are asked.

use coldlight_model::{Span, Timestamp};
use twox_hash::XxHash3_64;

/// Spans of a generation.
const SPANS: usize = 1 << 20;
/// Its bits, 4 MiB: 32 a span, of which each sets [`PROBES`]. One span in 170,000 that is not kept may seem to be.
const BITS: usize = 1 << 25;
const PROBES: u64 = 8;

/// What stands for a span here: two that are repeats of each other have the same.
pub(crate) fn key(span: &Span) -> u64 {
    let mut bytes = [0; 36];
    bytes[..16].copy_from_slice(span.trace_id.bytes());
    bytes[16..24].copy_from_slice(span.span_id.bytes());
    bytes[24..28].copy_from_slice(&span.kind.0.to_le_bytes());
    bytes[28..].copy_from_slice(&span.started_at.nanos().to_le_bytes());
    XxHash3_64::oneshot(&bytes)
}

/// See the module's words.
pub(crate) struct Recent {
    newer: Generation,
    older: Generation,
    /// What begins later and is kept is in one of the two.
    after: Timestamp,
}

struct Generation {
    bits: Vec<u64>,
    spans: usize,
    /// When the last of them begins.
    last: Timestamp,
}

impl Generation {
    fn new() -> Self {
        Self { bits: vec![0; BITS / 64], spans: 0, last: Timestamp::EPOCH }
    }

    fn places(key: u64) -> impl Iterator<Item = usize> {
        let stride = key.rotate_left(32) | 1;
        (0..PROBES).map(move |n| (key.wrapping_add(n.wrapping_mul(stride)) >> 39) as usize)
    }

    fn may_hold(&self, key: u64) -> bool {
        Self::places(key).all(|place| self.bits[place / 64] & (1 << (place % 64)) != 0)
    }

    fn add(&mut self, key: u64, at: Timestamp) {
        for place in Self::places(key) {
            self.bits[place / 64] |= 1 << (place % 64);
        }
        self.spans += 1;
        self.last = self.last.max(at);
    }
}

impl Recent {
    /// Knows nothing of what is kept already, the last of which begins at `last`.
    pub fn new(last: Timestamp) -> Self {
        Self { newer: Generation::new(), older: Generation::new(), after: last }
    }

    /// Whether a span that begins at `at` may be kept already.
    pub fn may_hold(&self, key: u64, at: Timestamp) -> bool {
        at <= self.after || self.newer.may_hold(key) || self.older.may_hold(key)
    }

    /// Before it is written, and whether or not that succeeds.
    pub fn add(&mut self, key: u64, at: Timestamp) {
        if self.newer.spans == SPANS {
            self.after = self.after.max(self.older.last);
            std::mem::swap(&mut self.newer, &mut self.older);
            self.newer.bits.fill(0);
            (self.newer.spans, self.newer.last) = (0, Timestamp::EPOCH);
        }
        self.newer.add(key, at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixed(n: u64) -> u64 {
        XxHash3_64::oneshot(&n.to_le_bytes())
    }

    #[test]
    fn what_was_added_may_be_held_forever_and_little_else() {
        let at = |n: u64| Timestamp::from_nanos(1_000 + n);
        let mut recent = Recent::new(Timestamp::from_nanos(999));
        let written = 3 * SPANS as u64 + 17;
        for n in 0..written {
            assert!(!recent.may_hold(mixed(n), at(n)) || n % 1_000 != 0, "{n} seems to be here before it is");
            recent.add(mixed(n), at(n));
        }
        assert!((0..written).all(|n| recent.may_hold(mixed(n), at(n))));
        // Two generations are known one by one; of what begins before the others nothing is said.
        assert!(recent.may_hold(mixed(written), at(SPANS as u64)));
        let wrong = (written..2 * written).filter(|n| recent.may_hold(mixed(*n), at(*n))).count();
        assert!(wrong < 100, "{wrong} of {written} that are not here seem to be");
    }
}
