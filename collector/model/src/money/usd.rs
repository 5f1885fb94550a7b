//! Money, in whole numbers of 10⁻¹⁸ USD.

use std::fmt;
use std::str::FromStr;

use super::arithmetic::{NotDecimal, decimal, decimal_fixed, mul_div_half_up, parse_decimal};

/// Digits behind the point that are kept.
const PLACES: u32 = 18;
/// What SQL's DECIMAL(38, 18) can hold: 20 digits before the point.
const MOST: i128 = 10_i128.pow(38) - 1;

/// An amount of US dollars, exact to 10⁻¹⁸. It always fits SQL's `DECIMAL(38, 18)`.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usd {
    attos: i128,
}

impl Usd {
    pub const ZERO: Self = Self { attos: 0 };

    /// From 10⁻¹⁸ USD; `None` from 10²⁰ USD on.
    pub fn from_attos(attos: i128) -> Option<Self> {
        (-MOST..=MOST).contains(&attos).then_some(Self { attos })
    }

    /// In 10⁻¹⁸ USD.
    pub fn attos(self) -> i128 {
        self.attos
    }

    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.attos.checked_add(other.attos).and_then(Self::from_attos)
    }

    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.attos.checked_sub(other.attos).and_then(Self::from_attos)
    }

    /// The exact sum, if it can be held.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }

    /// This price × `numerator` ÷ `denominator`, rounded half up once. `None` when it cannot be held, when the denominator
    /// is 0, or when this is negative: prices are not.
    pub fn times(self, numerator: u128, denominator: u128) -> Option<Self> {
        let attos = mul_div_half_up(u128::try_from(self.attos).ok()?, numerator, denominator)?;
        i128::try_from(attos).ok().and_then(Self::from_attos)
    }

    /// With exactly so many places, rounded half up (away from zero): what people are shown.
    pub fn rounded(self, places: u32) -> String {
        let unit = 10_i128.pow(PLACES.saturating_sub(places));
        let (quotient, rest) = (self.attos / unit, (self.attos % unit).abs());
        let up = if rest >= unit - rest && unit > 1 { self.attos.signum() } else { 0 };
        decimal_fixed(quotient + up, places.min(PLACES))
    }

    /// With twelve places, the grain in which coldlight states costs.
    pub fn to_picodollars(self) -> String {
        self.rounded(12)
    }
}

impl FromStr for Usd {
    type Err = NotDecimal;

    fn from_str(text: &str) -> Result<Self, NotDecimal> {
        Self::from_attos(parse_decimal(text, PLACES)?).ok_or(NotDecimal::TooLarge)
    }
}

/// Exact, without zeros at the end.
impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&decimal(self.attos, PLACES))
    }
}

impl fmt::Debug for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} USD")
    }
}

/// Splits `total` by `weights`: shares that sum to it exactly, each within 10⁻¹⁸ USD of its due, none of the other sign.
/// `None` when there is nothing to weigh by.
pub fn apportion(total: Usd, weights: &[u128]) -> Option<Vec<Usd>> {
    let all = weights.iter().try_fold(0_u128, |sum, weight| sum.checked_add(*weight))?;
    let sign = total.attos.signum();
    let whole = Usd { attos: total.attos.abs() };
    let (mut weighed, mut given) = (0_u128, Usd::ZERO);
    let mut shares = Vec::with_capacity(weights.len());
    for weight in weights {
        // Rounding the running sum, not each share, keeps the sum exact.
        weighed += weight;
        let until_here = whole.times(weighed, all)?;
        shares.push(Usd { attos: sign * (until_here.attos - given.attos) });
        given = until_here;
    }
    (all > 0).then_some(shares)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn usd(text: &str) -> Usd {
        text.parse().unwrap()
    }

    #[test]
    fn text_is_exact_and_rounding_is_half_up() {
        assert_eq!(usd("0.0000166667").attos(), 16_666_700_000_000);
        assert_eq!(usd("1.50").to_string(), "1.5");
        assert_eq!(usd("0.0000000000005").to_picodollars(), "0.000000000001");
        assert_eq!(usd("0.000000000000499999").to_picodollars(), "0.000000000000");
        assert_eq!(usd("-0.0000000000005").to_picodollars(), "-0.000000000001");
        assert_eq!(usd("2.5").rounded(0), "3");
        assert_eq!(usd("99999999999999999999").to_string(), "99999999999999999999");
        assert_eq!("100000000000000000000".parse::<Usd>(), Err(NotDecimal::TooLarge));
        assert_eq!("0.0000000000000000001".parse::<Usd>(), Err(NotDecimal::TooFine { places: 18 }));
    }

    #[test]
    fn what_cannot_be_held_is_told() {
        let most = Usd::from_attos(MOST).unwrap();
        assert_eq!(most.checked_add(Usd { attos: 1 }), None);
        assert_eq!(Usd::sum([most, most]), None);
        assert_eq!(most.times(11, 10), None);
    }

    proptest! {
        #[test]
        fn money_reads_back(attos in -MOST..=MOST) {
            let usd = Usd::from_attos(attos).unwrap();
            prop_assert_eq!(usd.to_string().parse::<Usd>(), Ok(usd));
            prop_assert_eq!(usd.rounded(18).parse::<Usd>(), Ok(usd));
        }

        #[test]
        fn shares_sum_to_what_was_split(attos in -MOST..=MOST, weights in proptest::collection::vec(0..1_u128 << 100, 1..50)) {
            let total = Usd::from_attos(attos).unwrap();
            match apportion(total, &weights) {
                Some(shares) => {
                    prop_assert_eq!(Usd::sum(shares.iter().copied()), Some(total));
                    prop_assert!(shares.iter().all(|share| share.attos * attos.signum() >= 0));
                }
                None => prop_assert!(weights.iter().all(|weight| *weight == 0)),
            }
        }
    }
}
