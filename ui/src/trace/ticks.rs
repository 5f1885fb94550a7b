//! Where the ruler's lines stand: at most so many, on round numbers (1, 2, 5 and their tens), labelled in one unit.
//!
//! The browser's zoom draws its own lines by the same rule (`assets/js/ruler.js`).

/// A line on the ruler.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Nanoseconds after the trace's start.
    pub at: i64,
    pub label: String,
}

const MICRO: i64 = 1_000;
const MILLI: i64 = 1_000_000;
const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Steps above ten seconds: thirds of a minute and whole hours read better there than powers of ten.
const LONG_STEPS: [i64; 12] = [
    10 * SECOND,
    20 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    20 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    6 * HOUR,
];

/// The smallest round step that puts at most `most` lines into `length` nanoseconds.
pub fn step(length: i64, most: i64) -> i64 {
    let least = (length.max(1) as u64).div_ceil(most.max(1) as u64).max(1) as i64;
    let mut ten = 1;
    while ten < 10 * SECOND {
        for factor in [1, 2, 5] {
            if ten * factor >= least && ten * factor < 10 * SECOND {
                return ten * factor;
            }
        }
        ten *= 10;
    }
    if let Some(long) = LONG_STEPS.into_iter().find(|long| *long >= least) {
        return long;
    }
    let mut ten = DAY;
    loop {
        for factor in [1, 2, 5] {
            match ten.checked_mul(factor) {
                Some(days) if days >= least => return days,
                Some(_) => {}
                None => return i64::MAX,
            }
        }
        ten = ten.saturating_mul(10);
    }
}

/// The lines from `from` to `to`, both in nanoseconds after the trace's start, `to` not before `from`.
pub fn ticks(from: i64, to: i64, most: i64) -> Vec<Tick> {
    let step = step(to.saturating_sub(from), most);
    let mut at = from.div_euclid(step).saturating_mul(step);
    if at < from {
        at = at.saturating_add(step);
    }
    let mut lines = Vec::new();
    while at <= to {
        lines.push(Tick { at, label: label(at, step, to) });
        match at.checked_add(step) {
            Some(next) => at = next,
            None => break,
        }
    }
    lines
}

/// `at` in the unit of the ruler's far end `to`, with as many digits as `step` needs.
fn label(at: i64, step: i64, to: i64) -> String {
    if at == 0 {
        return "0".to_owned();
    }
    let sign = if at < 0 { "−" } else { "" };
    let size = at.unsigned_abs() as i64;
    if to >= MINUTE && step >= MINUTE {
        let (hours, minutes) = (size / HOUR, size % HOUR / MINUTE);
        return match (hours, minutes) {
            (0, minutes) => format!("{sign}{minutes}m"),
            (hours, 0) => format!("{sign}{hours}h"),
            (hours, minutes) => format!("{sign}{hours}h {minutes:02}m"),
        };
    }
    if to >= 2 * MINUTE && size >= MINUTE {
        let seconds = decimal(size % MINUTE, SECOND, step);
        let pad = if size % MINUTE < 10 * SECOND { "0" } else { "" };
        return format!("{sign}{}m {pad}{seconds}s", size / MINUTE);
    }
    let (unit, word) = match to {
        SECOND.. => (SECOND, "s"),
        MILLI.. => (MILLI, "ms"),
        MICRO.. => (MICRO, "µs"),
        _ => (1, "ns"),
    };
    format!("{sign}{} {word}", decimal(size, unit, step))
}

/// `value` in `unit`s, exact to the digits that a multiple of `step` can have.
fn decimal(value: i64, unit: i64, step: i64) -> String {
    let (whole, mut rest) = (value / unit, value % unit);
    let mut text = whole.to_string();
    let (mut place, mut step_rest) = (unit, step % unit);
    if step_rest != 0 {
        text.push('.');
    }
    while step_rest != 0 && place > 1 {
        place /= 10;
        text.push(char::from(b'0' + (rest / place) as u8));
        rest %= place;
        step_rest %= place;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(from: i64, to: i64, expected: &str) {
        let labels: Vec<String> = ticks(from, to, 8).into_iter().map(|tick| tick.label).collect();
        assert_eq!(labels.join(" | "), expected);
    }

    #[test]
    fn lines_stand_on_round_numbers_in_one_unit() {
        check(0, 2_840 * MILLI, "0 | 0.5 s | 1.0 s | 1.5 s | 2.0 s | 2.5 s");
        check(0, 417 * MILLI, "0 | 100 ms | 200 ms | 300 ms | 400 ms");
        check(0, 9, "0 | 2 ns | 4 ns | 6 ns | 8 ns");
        check(0, 12_500, "0 | 2 µs | 4 µs | 6 µs | 8 µs | 10 µs | 12 µs");
        check(0, 75 * SECOND, "0 | 10 s | 20 s | 30 s | 40 s | 50 s | 60 s | 70 s");
    }

    #[test]
    fn long_traces_count_minutes_and_hours() {
        check(0, 5 * MINUTE, "0 | 1m | 2m | 3m | 4m | 5m");
        check(0, 3 * HOUR, "0 | 30m | 1h | 1h 30m | 2h | 2h 30m | 3h");
        check(0, 30 * HOUR, "0 | 6h | 12h | 18h | 24h | 30h");
    }

    #[test]
    fn a_deep_zoom_keeps_its_digits() {
        check(
            1_439 * MILLI,
            1_439 * MILLI + 50 * MICRO,
            "1.43900 s | 1.43901 s | 1.43902 s | 1.43903 s | 1.43904 s | 1.43905 s",
        );
        let from = 4 * MINUTE + 2 * SECOND;
        check(from, from + 50 * MILLI, "4m 02.00s | 4m 02.01s | 4m 02.02s | 4m 02.03s | 4m 02.04s | 4m 02.05s");
    }

    #[test]
    fn what_lies_before_the_start_is_negative() {
        check(-20 * MILLI, 20 * MILLI, "−20 ms | −15 ms | −10 ms | −5 ms | 0 | 5 ms | 10 ms | 15 ms | 20 ms");
    }

    proptest! {
        #[test]
        fn lines_are_even_bounded_and_inside(from in -1_000_000_000i64..i64::MAX / 4, length in 0i64..i64::MAX / 4) {
            let lines = ticks(from, from + length, 8);
            prop_assert!(lines.len() <= 9);
            prop_assert!(lines.iter().all(|tick| from <= tick.at && tick.at <= from + length));
            let gaps: std::collections::HashSet<i64> = lines.windows(2).map(|pair| pair[1].at - pair[0].at).collect();
            prop_assert!(gaps.len() <= 1);
        }
    }
}
