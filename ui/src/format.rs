//! Numbers as a person reads them: durations, bytes, counts, rates, shares.
//!
//! One rule per kind of number, everywhere, so that two places never say the same thing differently. What is not known is
//! not formatted here: the caller says so in words, or shows [`NOT_APPLICABLE`].

use coldlight_model::Nanos;
use coldlight_model::money::Usd;

/// Shown where a number makes no sense.
pub const NOT_APPLICABLE: &str = "–";

const MICRO: u64 = 1_000;
const MILLI: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// `value / unit`, rounded half up.
fn rounded(value: u64, unit: u64) -> u64 {
    value / unit + u64::from(value % unit >= unit.div_ceil(2))
}

/// At most three significant digits: `812 ns`, `41 µs`, `8.0 ms`, `417 ms`, `1.89 s`, `12.3 s`, `2m 05s`, `3h 12m`, `2d 03h`.
pub fn duration(nanos: Nanos) -> String {
    // Each bound is where the form before it would round to the next unit: 999.5 µs is "1.0 ms", not "1000 µs".
    match nanos {
        0 => "0 ms".to_owned(),
        1..MICRO => format!("{nanos} ns"),
        _ if nanos < 999_500 => tenths(nanos, MICRO, "µs"),
        _ if nanos < 999_500_000 => tenths(nanos, MILLI, "ms"),
        _ if nanos < 9_995_000_000 => {
            let hundredths = rounded(nanos, SECOND / 100);
            format!("{}.{:02} s", hundredths / 100, hundredths % 100)
        }
        _ if nanos < 59_950_000_000 => {
            let tenths = rounded(nanos, SECOND / 10);
            format!("{}.{} s", tenths / 10, tenths % 10)
        }
        _ if nanos < 3_599_500_000_000 => {
            let seconds = rounded(nanos, SECOND);
            format!("{}m {:02}s", seconds / 60, seconds % 60)
        }
        _ if nanos < DAY - MINUTE / 2 => {
            let minutes = rounded(nanos, MINUTE);
            format!("{}h {:02}m", minutes / 60, minutes % 60)
        }
        _ => {
            let hours = rounded(nanos, HOUR);
            format!("{}d {:02}h", hours / 24, hours % 24)
        }
    }
}

/// One decimal below 10 units, none above.
fn tenths(value: u64, unit: u64, name: &str) -> String {
    let tenths = rounded(value, unit / 10);
    if tenths < 100 {
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    } else {
        format!("{} {name}", rounded(value, unit))
    }
}

/// A duration that people set, in its largest whole unit: `7 days`, `36 h`, `15 min`.
pub fn period(nanos: Nanos) -> String {
    let (unit, one, many) = match nanos {
        _ if nanos >= DAY && nanos.is_multiple_of(DAY) => (DAY, "day", "days"),
        _ if nanos >= HOUR && nanos.is_multiple_of(HOUR) => (HOUR, "h", "h"),
        _ if nanos >= MINUTE && nanos.is_multiple_of(MINUTE) => (MINUTE, "min", "min"),
        SECOND..MINUTE if nanos.is_multiple_of(SECOND) => (SECOND, "s", "s"),
        _ => return duration(nanos),
    };
    let count = nanos / unit;
    format!("{} {}", self::count(count), if count == 1 { one } else { many })
}

/// 1024-based with AWS's names, three significant digits at most: `812 B`, `1.4 KB`, `187 MB`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut unit = 1024u64;
    let mut name = UNITS[0];
    for larger in &UNITS[1..] {
        // 999.5 KB and more would need a fourth digit.
        if u128::from(bytes) * 2 < u128::from(unit) * 1999 {
            break;
        }
        unit *= 1024;
        name = larger;
    }
    let tenths = (u128::from(bytes) * 20 + u128::from(unit)) / (u128::from(unit) * 2);
    if tenths < 100 {
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    } else {
        format!("{} {name}", (u128::from(bytes) * 2 + u128::from(unit)) / (u128::from(unit) * 2))
    }
}

/// Every digit, in groups of three: `29,520`.
pub fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// As [`count`] below 100,000; from there three significant digits: `223 k`, `1.24 M`.
pub fn large_count(count: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(1_000, "k"), (1_000_000, "M"), (1_000_000_000, "G"), (1_000_000_000_000, "T")];
    if count < 100_000 {
        return self::count(count);
    }
    // The largest unit that leaves a number of 0.9995 or more: 999,500 reads "1.00 M".
    let fits = |unit: u64| u128::from(count) * 10_000 >= u128::from(unit) * 9_995;
    let (unit, name) = UNITS.into_iter().rev().find(|(unit, _)| fits(*unit)).unwrap_or(UNITS[0]);
    let value = count as f64 / unit as f64;
    match value {
        ..9.995 => format!("{value:.2} {name}"),
        ..99.95 => format!("{value:.1} {name}"),
        ..999.5 => format!("{value:.0} {name}"),
        _ => format!("{} {name}", self::count(value.round() as u64)),
    }
}

/// Per second, or per minute, hour or day when that is below 0.1: `8.2/s`, `1,240/s`, `3.0/min`, `0/s`.
pub fn rate(per_second: f64) -> String {
    if !per_second.is_finite() || per_second <= 0.0 {
        return "0/s".to_owned();
    }
    let (value, unit) = [(1.0, "s"), (60.0, "min"), (3600.0, "h")]
        .into_iter()
        .map(|(seconds, unit)| (per_second * seconds, unit))
        .find(|(value, _)| *value >= 0.1)
        .unwrap_or((per_second * 86_400.0, "day"));
    match value {
        ..0.1 => format!("<0.1/{unit}"),
        ..99.95 => format!("{value:.1}/{unit}"),
        ..99_999.5 => format!("{}/{unit}", count(value.round() as u64)),
        _ => format!("{}/{unit}", large_count(value.round() as u64)),
    }
}

/// `part` of `whole`: `2.4%`, two digits below 1 %, never zero or all when it is not. [`NOT_APPLICABLE`] of nothing.
pub fn share(part: u64, whole: u64) -> String {
    match (part, whole) {
        (_, 0) => NOT_APPLICABLE.to_owned(),
        (0, _) => "0%".to_owned(),
        _ if part >= whole => "100%".to_owned(),
        _ => percent(part as f64 / whole as f64 * 100.0),
    }
}

/// How many times `whole` goes into `part`: `2.4 times`, `180 times`.
pub fn times(part: u64, whole: u64) -> String {
    match part as f64 / whole.max(1) as f64 {
        few @ ..9.95 => format!("{few:.1} times"),
        many => format!("{} times", count(many.round() as u64)),
    }
}

/// A share that is already a number of percent, strictly between 0 and 100.
fn percent(value: f64) -> String {
    match value {
        ..0.005 => "<0.01%".to_owned(),
        ..0.995 => format!("{value:.2}%"),
        99.95.. => ">99.9%".to_owned(),
        _ => format!("{value:.1}%"),
    }
}

/// `1 fault`, `2 faults`.
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", self::count(count), if count == 1 { one } else { many })
}

/// A coordinate or width for SVG and custom properties: at most two decimals, no trailing zeros, never in scientific form.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return "0".to_owned();
    }
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Three significant digits, at least two decimals, half away from zero: `$1,234`, `$10.42`, `$0.152`, `$0.0000021`, `$0`.
pub fn usd(amount: Usd) -> String {
    let sign = if amount < Usd::ZERO { "−" } else { "" };
    let attos = amount.attos().unsigned_abs();
    let dollars = attos / ATTOS;
    if attos == 0 {
        return "$0".to_owned();
    }
    if dollars >= 1_000 {
        return format!("{sign}${}", thousands((attos + ATTOS / 2) / ATTOS));
    }
    // The digit that is the third to count, or the second decimal if that is further left.
    let places = (2..=18).find(|places| attos * 10_u128.pow(*places) / ATTOS >= 100).unwrap_or(18);
    let text = magnitude(attos, places);
    let kept = text.find('.').map_or(text.len(), |point| point + 3);
    let text = text.trim_end_matches('0');
    format!("{sign}${text:0<kept$}")
}

/// With two decimals, half away from zero, for columns of one unit: `$0.20`, `$12.73`, `$1,234.50`. What rounds to nothing is `<$0.01`.
pub fn usd_cents(amount: Usd) -> String {
    let sign = if amount < Usd::ZERO { "−" } else { "" };
    let cents = (amount.attos().unsigned_abs() + ATTOS / 200) / (ATTOS / 100);
    match (cents, amount == Usd::ZERO) {
        (0, true) => "$0.00".to_owned(),
        (0, false) => "<$0.01".to_owned(),
        _ => format!("{sign}${}.{:02}", thousands(cents / 100), cents % 100),
    }
}

/// What a million costs, for columns of one unit: two decimals from $0.10 on, three significant digits below.
pub fn usd_millionth(amount: Usd) -> String {
    if amount.attos().unsigned_abs() >= ATTOS / 10 { usd_cents(amount) } else { usd(amount) }
}

/// 10⁻¹⁸ USD of one.
const ATTOS: u128 = 1_000_000_000_000_000_000;

fn magnitude(attos: u128, places: u32) -> String {
    i128::try_from(attos).ok().and_then(Usd::from_attos).unwrap_or_default().rounded(places)
}

fn thousands(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What a million of `count` such would cost; `None` for none.
pub fn per_million(amount: Usd, count: u64) -> Option<Usd> {
    (count > 0).then(|| amount.times(1_000_000, count.into())).flatten()
}

/// A share of money, as [`share`] writes it.
pub fn usd_share(part: Usd, whole: Usd) -> String {
    // In millionths, which is finer than what is shown.
    let of = |amount: Usd| amount.attos().unsigned_abs();
    let most = of(whole).max(of(part)).max(1);
    let scale = most.div_ceil(u128::from(u64::MAX >> 8)).max(1);
    share((of(part) / scale) as u64, (of(whole) / scale) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<T: std::fmt::Debug + Copy>(format: impl Fn(T) -> String, table: &[(T, &str)]) {
        for (value, expected) in table {
            assert_eq!(format(*value), *expected, "{value:?}");
        }
    }

    #[test]
    fn many_times_are_whole() {
        check(
            |(part, whole)| times(part, whole),
            &[((12, 5), "2.4 times"), ((900, 5), "180 times"), ((99, 10), "9.9 times"), ((996, 100), "10 times")],
        );
    }

    #[test]
    fn a_million_is_told_to_the_cent_from_ten_cents_on() {
        let table = [("0.7164", "$0.72"), ("33.234", "$33.23"), ("0.1", "$0.10"), ("0.02451", "$0.0245"), ("0", "$0")];
        check(|text: &str| usd_millionth(text.parse().unwrap()), &table);
    }

    #[test]
    fn durations_have_three_digits_and_the_unit_that_fits() {
        let table = [
            (0, "0 ms"),
            (1, "1 ns"),
            (812, "812 ns"),
            (999, "999 ns"),
            (1_000, "1.0 µs"),
            (9_949, "9.9 µs"),
            (9_950, "10 µs"),
            (41_000, "41 µs"),
            (999_499, "999 µs"),
            (999_500, "1.0 ms"),
            (8_000_000, "8.0 ms"),
            (9_960_000, "10 ms"),
            (417_200_000, "417 ms"),
            (999_499_999, "999 ms"),
            (999_500_000, "1.00 s"),
            (1_890_000_000, "1.89 s"),
            (9_994_999_999, "9.99 s"),
            (9_995_000_000, "10.0 s"),
            (12_340_000_000, "12.3 s"),
            (59_949_999_999, "59.9 s"),
            (59_950_000_000, "1m 00s"),
            (125_000_000_000, "2m 05s"),
            (3_599_499_999_999, "59m 59s"),
            (3_599_500_000_000, "1h 00m"),
            (11_520_000_000_000, "3h 12m"),
            (86_369_999_999_999, "23h 59m"),
            (86_370_000_000_000, "1d 00h"),
            (183_600_000_000_000, "2d 03h"),
            (u64::MAX, "213504d 00h"),
        ];
        check(duration, &table);
    }

    #[test]
    fn periods_are_whole_units() {
        check(
            period,
            &[
                (DAY, "1 day"),
                (7 * DAY, "7 days"),
                (36 * HOUR, "36 h"),
                (15 * MINUTE, "15 min"),
                (90 * SECOND, "1m 30s"),
                (30 * SECOND, "30 s"),
            ],
        );
    }

    #[test]
    fn bytes_are_counted_as_aws_counts_them() {
        let table = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KB"),
            (1434, "1.4 KB"),
            (10 * 1024, "10 KB"),
            (999 * 1024, "999 KB"),
            (1000 * 1024, "1.0 MB"),
            (187 << 20, "187 MB"),
            (5 << 30, "5.0 GB"),
            (u64::MAX, "16 EB"),
        ];
        check(bytes, &table);
    }

    #[test]
    fn counts_show_every_digit_until_they_are_large() {
        check(count, &[(0, "0"), (999, "999"), (1_000, "1,000"), (29_520, "29,520"), (1_234_567, "1,234,567")]);
        let table = [
            (99_999, "99,999"),
            (100_000, "100 k"),
            (222_840, "223 k"),
            (999_499, "999 k"),
            (999_500, "1.00 M"),
            (1_240_000, "1.24 M"),
            (12_400_000, "12.4 M"),
            (999_600_000, "1.00 G"),
            (2_500_000_000_000, "2.50 T"),
            (u64::MAX, "18,446,744 T"),
        ];
        check(large_count, &table);
    }

    #[test]
    fn rates_name_the_unit_in_which_they_are_not_tiny() {
        let table = [
            (0.0, "0/s"),
            (-1.0, "0/s"),
            (f64::NAN, "0/s"),
            (8.2, "8.2/s"),
            (61.94, "61.9/s"),
            (0.1, "0.1/s"),
            (0.05, "3.0/min"),
            (0.001, "3.6/h"),
            (0.00001, "0.9/day"),
            (0.0000001, "<0.1/day"),
            (99.96, "100/s"),
            (1240.4, "1,240/s"),
            (240_000.0, "240 k/s"),
        ];
        check(rate, &table);
    }

    #[test]
    fn a_share_is_never_zero_or_all_unless_it_is() {
        let table = [
            ((0, 0), "–"),
            ((0, 7), "0%"),
            ((7, 7), "100%"),
            ((24, 1_000), "2.4%"),
            ((62, 10_000), "0.62%"),
            ((90, 10_000), "0.90%"),
            ((9_949, 1_000_000), "0.99%"),
            ((9_950, 1_000_000), "1.0%"),
            ((1, 1_000_000), "<0.01%"),
            ((978, 1_000), "97.8%"),
            ((999_999, 1_000_000), ">99.9%"),
        ];
        check(|(part, whole)| share(part, whole), &table);
    }

    #[test]
    fn coordinates_are_short_and_plain() {
        check(
            number,
            &[(1.0, "1"), (12.345, "12.35"), (-0.001, "0"), (f64::NAN, "0"), (1e9, "1000000000"), (0.5, "0.5")],
        );
    }

    #[test]
    fn money_has_three_digits_and_at_least_two_decimals() {
        let check = |amount: &str, expected: &str| assert_eq!(usd(amount.parse().unwrap()), expected, "{amount}");
        check("0", "$0");
        check("1234.4", "$1,234");
        check("1234567.5", "$1,234,568");
        check("10.424", "$10.42");
        check("999.995", "$1000.00");
        check("1", "$1.00");
        check("0.15249", "$0.152");
        check("0.0245", "$0.0245");
        check("0.02", "$0.02");
        check("0.0000021", "$0.0000021");
        check("0.000002083", "$0.00000208");
        check("0.000000000000000001", "$0.000000000000000001");
        check("-0.5", "−$0.50");
        let cents = |text: &str| usd_cents(text.parse().unwrap());
        let texts = ["0", "0.004", "0.005", "12.734", "1234.5", "999.999", "-0.2"].map(cents);
        assert_eq!(texts, ["$0.00", "<$0.01", "$0.01", "$12.73", "$1,234.50", "$1,000.00", "−$0.20"]);
        assert_eq!(per_million("0.0000127".parse().unwrap(), 1).map(usd).as_deref(), Some("$12.70"));
        assert_eq!(usd_share("0.343".parse().unwrap(), "1".parse().unwrap()), "34.3%");
    }
}
