//! Whole numbers wide enough for money: `a × b ÷ c` without losing the product, and exact decimal text.
//!
//! Not here: what a figure means.

/// `a × b ÷ divisor`, rounded half up once. The product may have 256 bits; `None` when the quotient does not fit or the
/// divisor is 0.
pub(super) fn mul_div_half_up(a: u128, b: u128, divisor: u128) -> Option<u128> {
    let (quotient, rest) = mul_div(a, b, divisor)?;
    if rest >= divisor - rest { quotient.checked_add(1) } else { Some(quotient) }
}

/// `a × b ÷ divisor`, rounded down.
pub(super) fn mul_div_down(a: u128, b: u128, divisor: u128) -> Option<u128> {
    mul_div(a, b, divisor).map(|(quotient, _)| quotient)
}

fn mul_div(a: u128, b: u128, divisor: u128) -> Option<(u128, u128)> {
    let (high, low) = product(a, b);
    if high >= divisor {
        return None;
    }
    if high == 0 {
        return Some((low / divisor, low % divisor));
    }
    // Long division, bit by bit. The rest stays below the divisor, so doubling it loses at most the bit kept in `carry`.
    let (mut quotient, mut rest) = (0_u128, high);
    for bit in (0..128).rev() {
        let carry = rest >> 127;
        rest = (rest << 1) | ((low >> bit) & 1);
        quotient <<= 1;
        if carry == 1 || rest >= divisor {
            rest = rest.wrapping_sub(divisor);
            quotient |= 1;
        }
    }
    Some((quotient, rest))
}

/// The 256-bit product, as its high and low halves.
fn product(a: u128, b: u128) -> (u128, u128) {
    const LOW: u128 = u64::MAX as u128;
    let (a_high, a_low, b_high, b_low) = (a >> 64, a & LOW, b >> 64, b & LOW);
    let low = a_low * b_low;
    let middle = a_high * b_low + (low >> 64);
    let crossed = a_low * b_high + (middle & LOW);
    (a_high * b_high + (middle >> 64) + (crossed >> 64), (crossed << 64) | (low & LOW))
}

/// Why a text is not the decimal asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotDecimal {
    /// Not digits with at most one point.
    Malformed,
    /// More digits behind the point than are kept.
    TooFine { places: u32 },
    /// Beyond what we count with.
    TooLarge,
}

impl std::fmt::Display for NotDecimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed => f.write_str("is not a decimal number such as 0.0000166667"),
            Self::TooFine { places } => write!(f, "has more than {places} digits behind the point"),
            Self::TooLarge => f.write_str("is too large"),
        }
    }
}

impl std::error::Error for NotDecimal {}

/// Reads `12.5` as `12.5 × 10^places`. Zeros behind the last place are no loss; other digits there are refused.
/// A sign and an exponent (`1.5E-7`, as some price lists write) are understood.
pub fn parse_decimal(text: &str, places: u32) -> Result<i128, NotDecimal> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| NotDecimal::Malformed)?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    if !all_digits || whole.len() + fraction.len() == 0 || exponent.unsigned_abs() > 100 {
        return Err(NotDecimal::Malformed);
    }
    let mut value = 0_i128;
    for digit in whole.bytes().chain(fraction.bytes()).map(|byte| i128::from(byte - b'0')) {
        value = value.checked_mul(10).and_then(|value| value.checked_add(digit)).ok_or(NotDecimal::TooLarge)?;
    }
    let fraction_digits = i64::try_from(fraction.len()).map_err(|_| NotDecimal::TooLarge)?;
    let mut shift = i64::from(places) - fraction_digits + i64::from(exponent);
    while shift > 0 && value != 0 {
        value = value.checked_mul(10).ok_or(NotDecimal::TooLarge)?;
        shift -= 1;
    }
    while shift < 0 && value != 0 {
        if value % 10 != 0 {
            return Err(NotDecimal::TooFine { places });
        }
        value /= 10;
        shift += 1;
    }
    Ok(if negative { -value } else { value })
}

/// `value ÷ 10^places` with all its places.
pub(super) fn decimal_fixed(value: i128, places: u32) -> String {
    let digits = value.unsigned_abs().to_string();
    let places = places as usize;
    let padded = format!("{}{digits}", "0".repeat((places + 1).saturating_sub(digits.len())));
    let (whole, fraction) = padded.split_at(padded.len() - places);
    let sign = if value < 0 { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// As [`decimal_fixed`], without zeros at the end.
pub fn decimal(value: i128, places: u32) -> String {
    let fixed = decimal_fixed(value, places);
    if fixed.contains('.') { fixed.trim_end_matches('0').trim_end_matches('.').to_owned() } else { fixed }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals_are_read_exactly_or_refused() {
        assert_eq!(parse_decimal("0.0000166667000", 18), Ok(16_666_700_000_000));
        assert_eq!(parse_decimal("1.545E-7", 18), Ok(154_500_000_000));
        assert_eq!(parse_decimal("-2", 1), Ok(-20));
        assert_eq!(parse_decimal(".5", 1), Ok(5));
        assert_eq!(parse_decimal("0.05", 1), Err(NotDecimal::TooFine { places: 1 }));
        assert_eq!(parse_decimal("99999999999999999999999", 18), Err(NotDecimal::TooLarge));
        for text in ["", ".", "-", "1,5", "1.2.3", "1e", "0x1", "NaN", "1e999", "1 "] {
            assert_eq!(parse_decimal(text, 18), Err(NotDecimal::Malformed), "{text}");
        }
    }

    #[test]
    fn a_half_rounds_up() {
        assert_eq!(mul_div_half_up(1, 1, 2), Some(1));
        assert_eq!(mul_div_half_up(1, 49, 100), Some(0));
        assert_eq!(mul_div_half_up(u128::MAX, u128::MAX, u128::MAX), Some(u128::MAX));
        assert_eq!(mul_div_half_up(u128::MAX, 2, 1), None);
        assert_eq!(mul_div_half_up(1, 1, 0), None);
    }

    proptest! {
        #[test]
        fn a_product_divided_by_its_factor_is_the_other(a in any::<u128>(), b in 1..u128::MAX) {
            prop_assert_eq!(mul_div_half_up(a, b, b), Some(a));
            prop_assert_eq!(mul_div_down(a, b, b), Some(a));
        }

        #[test]
        fn long_division_agrees_with_the_machines(a in any::<u64>(), b in any::<u64>(), c in 1..u64::MAX) {
            let exact = u128::from(a) * u128::from(b);
            prop_assert_eq!(mul_div_down(a.into(), b.into(), c.into()), Some(exact / u128::from(c)));
            // Shifted beyond 128 bits, the quotient is the same.
            let shift = 1_u128 << 63;
            let wide = mul_div_down(u128::from(a) * shift, u128::from(b), u128::from(c) * shift);
            prop_assert_eq!(wide, Some(exact / u128::from(c)));
        }

        #[test]
        fn decimal_text_reads_back(value in any::<i64>(), places in 0_u32..19) {
            prop_assert_eq!(parse_decimal(&decimal(value.into(), places), places), Ok(value.into()));
            prop_assert_eq!(parse_decimal(&decimal_fixed(value.into(), places), places), Ok(value.into()));
        }
    }
}
