//! Where the ticks of an axis stand: 1-2-5 steps, one unit per axis.

use coldlight_model::Nanos;

use crate::format::number;

/// A tick: its value and its label.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    pub at: Nanos,
    pub label: String,
}

const UNITS: [(Nanos, &str); 6] = [
    (1, "ns"),
    (1_000, "µs"),
    (1_000_000, "ms"),
    (1_000_000_000, "s"),
    (60_000_000_000, "min"),
    (3_600_000_000_000, "h"),
];

/// Ticks from 0 to `length`, at most `most` (at least 2) besides the zero, in the unit of the largest.
pub fn duration_ticks(length: Nanos, most: usize) -> Vec<Tick> {
    if length == 0 {
        return vec![Tick { at: 0, label: "0".to_owned() }];
    }
    let step = step(length, most.max(2) as u64);
    let (unit, name) = unit_of(length);
    let ticks = (0..=length / step).map(|count| {
        let at = count * step;
        let label = if at == 0 { "0".to_owned() } else { format!("{} {name}", number(at as f64 / unit as f64)) };
        Tick { at, label }
    });
    ticks.collect()
}

/// The largest unit of which `length` holds at least one.
fn unit_of(length: Nanos) -> (Nanos, &'static str) {
    UNITS.into_iter().rev().find(|(unit, _)| length >= *unit).unwrap_or(UNITS[0])
}

/// The smallest round step that fits into `length` at most `most` times: 1, 2, 5 × 10ⁿ, and of minutes and hours what
/// clocks use.
fn step(length: Nanos, most: u64) -> Nanos {
    const CLOCK: [Nanos; 11] = [60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200];
    let enough = |step: &Nanos| length / step <= most;
    let mut decade: Nanos = 1;
    while decade < 60_000_000_000 {
        for step in [decade, 2 * decade, 5 * decade] {
            if step < 60_000_000_000 && enough(&step) {
                return step;
            }
        }
        decade *= 10;
    }
    let days = (1..=5).map(|power| 86_400 * 10u64.pow(power - 1));
    let steps = CLOCK.into_iter().chain(days.flat_map(|day| [day, 2 * day, 5 * day]));
    steps.map(|seconds| seconds * 1_000_000_000).find(enough).unwrap_or(length.div_ceil(most))
}

/// Ticks at 1, 2 and 5 of each decade between `low` and `high`, thinned to at most `most`, for a logarithmic axis.
pub fn log_duration_ticks(low: f64, high: f64, most: usize) -> Vec<Tick> {
    let label = |at: Nanos| {
        let (unit, name) = unit_of(at);
        Tick { at, label: format!("{} {name}", number(at as f64 / unit as f64)) }
    };
    let inside = |steps: &[Nanos]| -> Vec<Nanos> {
        let decades = (0..19).map(|power| 10u64.pow(power));
        decades
            .flat_map(|decade| steps.iter().filter_map(move |step| step.checked_mul(decade)))
            .filter(|at| (low..=high).contains(&(*at as f64)))
            .collect()
    };
    let finest = [&[1, 2, 5][..], &[1, 3], &[1]].into_iter().map(inside).find(|ticks| ticks.len() <= most);
    let ticks = finest.unwrap_or_else(|| {
        let decades = inside(&[1]);
        let every = decades.len().div_ceil(most.max(1));
        decades.into_iter().step_by(every).collect()
    });
    ticks.into_iter().map(label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn ticks_stand_at_round_steps_in_one_unit() {
        assert_eq!(labels(&duration_ticks(2_840_000_000, 6)), ["0", "0.5 s", "1 s", "1.5 s", "2 s", "2.5 s"]);
        assert_eq!(labels(&duration_ticks(417_000_000, 5)), ["0", "100 ms", "200 ms", "300 ms", "400 ms"]);
        assert_eq!(labels(&duration_ticks(3 * 3_600_000_000_000, 4)), ["0", "1 h", "2 h", "3 h"]);
        assert_eq!(labels(&duration_ticks(0, 4)), ["0"]);
    }

    #[test]
    fn a_logarithmic_axis_is_thinned_to_fit() {
        assert_eq!(labels(&log_duration_ticks(1e8, 2.4e9, 5)), ["100 ms", "200 ms", "500 ms", "1 s", "2 s"]);
        assert_eq!(labels(&log_duration_ticks(1e6, 1e9, 4)), ["1 ms", "10 ms", "100 ms", "1 s"]);
        assert!(log_duration_ticks(1.0, 1e18, 5).len() <= 5);
    }

    proptest::proptest! {
        #[test]
        fn there_are_never_more_ticks_than_asked(length in 0u64..(1 << 62), most in 2usize..12) {
            let ticks = duration_ticks(length, most);
            proptest::prop_assert!(ticks.len() <= most + 1);
            proptest::prop_assert!(ticks.iter().all(|tick| tick.at <= length));
        }
    }
}
