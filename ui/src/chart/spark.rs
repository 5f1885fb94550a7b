//! A line of 56 × 22 that shows the course of a number.

use crate::format::number;

const WIDTH: f64 = 56.0;
const HEIGHT: f64 = 22.0;
const MARGIN: f64 = 1.0;
const TOP: f64 = 3.0;
const BASE: f64 = 20.0;

/// Two paths: the line and the ground under it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spark {
    pub line: String,
    pub area: String,
}

impl Spark {
    /// From values at equal distances, `None` where there was nothing to measure; nothing at all for fewer than two values.
    /// The line starts at zero, so that its height compares.
    pub fn new(values: &[Option<f64>]) -> Option<Self> {
        let known = values.iter().flatten().filter(|value| value.is_finite()).count();
        if known < 2 {
            return None;
        }
        let top = values.iter().flatten().copied().filter(|value| value.is_finite()).fold(0.0, f64::max);
        let step = (WIDTH - 2.0 * MARGIN) / (values.len() - 1) as f64;
        let x = |at: usize| MARGIN + step * at as f64;
        let y = |value: f64| if top > 0.0 { BASE - (BASE - TOP) * (value / top).max(0.0) } else { BASE };
        let mut spark = Self::default();
        let mut run: Vec<(f64, f64)> = Vec::new();
        for (at, value) in values.iter().enumerate() {
            match value {
                Some(value) if value.is_finite() => run.push((x(at), y(*value))),
                _ => spark.push(&std::mem::take(&mut run)),
            }
        }
        spark.push(&run);
        Some(spark)
    }

    /// Adds an unbroken run of points; a single one becomes a short stroke.
    fn push(&mut self, run: &[(f64, f64)]) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { return };
        let mut points = String::new();
        for (at, (x, y)) in run.iter().enumerate() {
            points.push_str(if at == 0 { "" } else { " " });
            points.push_str(&format!("{},{}", number(*x), number(*y)));
        }
        if run.len() == 1 {
            points.push_str(&format!(" {},{}", number(first.0 + 0.5), number(first.1)));
        }
        self.line.push_str(&format!("M{points}"));
        let height = number(HEIGHT);
        self.area.push_str(&format!("M{points} L{},{height} L{},{height}z", number(last.0), number(first.0)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_value_touches_the_top_and_zero_the_base() {
        let spark = Spark::new(&[Some(0.0), Some(10.0), Some(5.0)]).unwrap();
        assert_eq!(spark.line, "M1,20 28,3 55,11.5");
        assert_eq!(spark.area, "M1,20 28,3 55,11.5 L55,22 L1,22z");
    }

    #[test]
    fn a_gap_breaks_the_line() {
        let spark = Spark::new(&[Some(1.0), None, Some(1.0)]).unwrap();
        assert_eq!(spark.line, "M1,3 1.5,3M55,3 55.5,3");
    }

    #[test]
    fn too_little_is_no_line() {
        assert_eq!(Spark::new(&[]), None);
        assert_eq!(Spark::new(&[Some(1.0), None]), None);
        assert_eq!(Spark::new(&[Some(0.0), Some(0.0)]).unwrap().line, "M1,20 55,20");
    }
}
