//! A histogram of durations on a logarithmic axis, with the median and the 95th percentile marked.

use coldlight_model::{DurationHistogram, bucket_bounds};

use super::{Tick, log_duration_ticks};
use crate::format::{counted, duration, number};

pub const WIDTH: f64 = 310.0;
const BASE: f64 = 52.0;
/// Height of the highest bar; the marks' labels stand above.
const TALLEST: f64 = 40.0;
/// Bars below this many buckets would be slabs; more would be hairs.
const BARS: std::ops::RangeInclusive<i32> = 12..=40;

/// The chart in a box of 310 × 66.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Durations {
    pub bars: Vec<DurationBar>,
    pub marks: Vec<Mark>,
    pub ticks: Vec<Mark>,
    /// The finding in one sentence.
    pub summary: String,
}

/// One bar; its title says what it counts.
#[derive(Clone, Debug, PartialEq)]
pub struct DurationBar {
    pub x: String,
    pub y: String,
    pub width: String,
    pub height: String,
    pub title: String,
}

/// A line or a tick with its label; `anchor` keeps the label inside the box.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    pub x: String,
    pub label: String,
    pub anchor: &'static str,
}

impl Durations {
    /// `None` when nothing was measured.
    pub fn new(histogram: &DurationHistogram) -> Option<Self> {
        let first = histogram.buckets.first()?.0;
        let last = histogram.buckets.last()?.0;
        // Several buckets share a bar when there are many, and few get empty room at both sides.
        let per_bar = (last - first + 1).div_euclid(*BARS.end()) + 1;
        let bars = ((last - first) / per_bar + 1).max(*BARS.start());
        let start = first - (bars * per_bar - (last - first + 1)) / 2;
        let mut counts = vec![0u64; bars as usize];
        for (bucket, count) in &histogram.buckets {
            let bar = ((bucket - start) / per_bar).clamp(0, bars - 1);
            counts[bar as usize] = counts[bar as usize].saturating_add(*count);
        }
        let tallest = counts.iter().copied().max().unwrap_or(1).max(1);
        let step = WIDTH / f64::from(bars);
        let low = bucket_bounds(start).0;
        let high = bucket_bounds(start + bars * per_bar - 1).1;
        let x_of = |nanos: f64| (nanos.max(low) / low).ln() / (high / low).ln() * WIDTH;
        let drawn = counts.iter().enumerate().filter(|(_, count)| **count > 0).map(|(at, count)| {
            let height = (TALLEST * (*count as f64 / tallest as f64)).max(1.0);
            let from = bucket_bounds(start + at as i32 * per_bar).0;
            let to = bucket_bounds(start + (at as i32 + 1) * per_bar - 1).1;
            DurationBar {
                x: number(step * at as f64 + 0.5),
                y: number(BASE - height),
                width: number(step - 1.0),
                height: number(height),
                title: format!(
                    "{} to {}: {}",
                    duration(from as u64),
                    duration(to as u64),
                    counted(*count, "call", "calls")
                ),
            }
        });
        let quantile = |q: f64| histogram.quantile(q).unwrap_or(0);
        let (p50, p95) = (quantile(0.5), quantile(0.95));
        let tick = |tick: Tick| Mark { anchor: middle(x_of(tick.at as f64)), ..at(x_of(tick.at as f64), &tick.label) };
        Some(Self {
            bars: drawn.collect(),
            marks: marks([p50, p95].map(|nanos| x_of(nanos as f64))).into(),
            ticks: log_duration_ticks(low, high, 5).into_iter().map(tick).collect(),
            summary: format!(
                "Half of the calls took up to {}, 95% up to {}; the slowest about {}.",
                duration(p50),
                duration(p95),
                duration(bucket_bounds(last).1 as u64)
            ),
        })
    }
}

fn at(x: f64, label: &str) -> Mark {
    Mark { x: number(x), label: label.to_owned(), anchor: "start" }
}

/// The median and the 95th percentile, labelled right of their lines, or left where there is no room; one label for both where neither has.
fn marks([p50, p95]: [f64; 2]) -> [Mark; 2] {
    const ROOM: f64 = 26.0;
    let anchor = |x: f64| if x + ROOM > WIDTH { "end" } else { "start" };
    let mark = |x: f64, name: &str, anchor| Mark { anchor, ..at(x, name) };
    match () {
        () if p95 - p50 >= ROOM => [mark(p50, "p50", anchor(p50)), mark(p95, "p95", anchor(p95))],
        () if p50 >= ROOM && anchor(p95) == "start" => [mark(p50, "p50", "end"), mark(p95, "p95", "start")],
        () => [mark(p50, "", "start"), mark(p95, "p50, p95", if p95 > WIDTH / 2.0 { "end" } else { "start" })],
    }
}

fn middle(x: f64) -> &'static str {
    match x {
        ..18.0 => "start",
        x if x > WIDTH - 18.0 => "end",
        _ => "middle",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(buckets: &[(i32, u64)]) -> DurationHistogram {
        DurationHistogram { buckets: buckets.to_vec() }
    }

    #[test]
    fn nothing_measured_is_no_chart() {
        assert_eq!(Durations::new(&DurationHistogram::default()), None);
    }

    #[test]
    fn one_bucket_is_one_bar_in_the_middle() {
        let chart = Durations::new(&histogram(&[(200, 7)])).unwrap();
        assert_eq!(chart.bars.len(), 1);
        assert_eq!(chart.bars[0].height, "40");
        assert!(chart.bars[0].title.ends_with("7 calls"));
    }

    #[test]
    fn bars_stay_inside_the_box_however_wide_the_spread() {
        for spread in [1, 11, 12, 40, 41, 160, 500] {
            let chart = Durations::new(&histogram(&[(0, 1), (spread / 2, 900), (spread, 1)])).unwrap();
            for bar in &chart.bars {
                let x: f64 = bar.x.parse().unwrap();
                let width: f64 = bar.width.parse().unwrap();
                assert!(x >= 0.0 && x + width <= WIDTH && width > 1.0, "spread {spread}: {bar:?}");
            }
            let total = chart.bars.len();
            assert!((2..=41).contains(&total) || spread == 1, "spread {spread}: {total}");
        }
    }

    #[test]
    fn labels_of_marks_stand_beside_each_other() {
        let told = |x| marks(x).map(|mark| (mark.label, mark.anchor));
        let [wide, close] = [[20.0, 90.0], [100.0, 104.0]].map(told);
        assert_eq!(wide, [("p50".into(), "start"), ("p95".into(), "start")]);
        assert_eq!(close, [("p50".into(), "end"), ("p95".into(), "start")]);
        assert_eq!(told([3.0, 5.0])[1], ("p50, p95".into(), "start"));
        assert_eq!(told([300.0, 305.0])[1], ("p50, p95".into(), "end"));
        assert_eq!(told([250.0, 309.0])[1], ("p95".into(), "end"));
    }

    #[test]
    fn the_summary_states_the_finding() {
        let chart = Durations::new(&histogram(&[(160, 95), (200, 5)])).unwrap();
        assert!(chart.summary.starts_with("Half of the calls took up to 1.1 ms, 95% up to "), "{}", chart.summary);
    }
}
