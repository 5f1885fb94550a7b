//! Chance for the demo's traffic: SplitMix64, started from the system's random numbers or from a fixed seed in tests.

/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Seeded by the system; by a constant when it has no randomness to give, which harms nobody here.
    pub fn thrown() -> Self {
        Self::new(getrandom::u64().unwrap_or(42))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 (inclusive) to 1 (exclusive).
    pub fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Whether something of probability `share` happens.
    pub fn happens(&mut self, share: f64) -> bool {
        self.share() < share
    }

    /// 0 to `count` - 1.
    pub fn below(&mut self, count: usize) -> usize {
        (self.next() % count.max(1) as u64) as usize
    }

    pub fn bytes(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.next().to_le_bytes());
        bytes[8..].copy_from_slice(&self.next().to_le_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_fill_the_whole_range() {
        let mut dice = Dice::new(1);
        let throws: Vec<f64> = (0..10_000).map(|_| dice.share()).collect();
        assert!(throws.iter().all(|share| (0.0..1.0).contains(share)));
        let mean = throws.iter().sum::<f64>() / throws.len() as f64;
        assert!((mean - 0.5).abs() < 0.02, "{mean}");
    }
}
