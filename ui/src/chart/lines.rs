//! Numbers over time as lines on one axis that begins at zero.

use crate::format::number;

/// The height of the box; its width is the number of slices.
pub const HEIGHT: f64 = 64.0;
const TALLEST: f64 = 60.0;

/// A number over time before it is drawn; `None` where there was nothing to measure.
pub struct Course {
    /// Class of the line.
    pub class: &'static str,
    pub label: &'static str,
    pub values: Vec<Option<f64>>,
}

/// The same drawn, in a box as wide as there are slices.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub class: &'static str,
    pub label: &'static str,
    pub path: String,
}

/// Lines on an axis up to the largest of all; `None` where nothing was measured.
pub fn lines(courses: &[Course]) -> Option<(Vec<Line>, f64)> {
    let values = courses.iter().flat_map(|course| course.values.iter().flatten());
    let top = values
        .copied()
        .filter(|value| value.is_finite())
        .fold(None, |top: Option<f64>, value| Some(top.map_or(value, |top| top.max(value))))?;
    let y = |value: f64| if top > 0.0 { HEIGHT - TALLEST * (value / top).max(0.0) } else { HEIGHT };
    let line = |course: &Course| {
        let mut path = String::new();
        let mut is_down = false;
        for (at, value) in course.values.iter().enumerate() {
            let Some(value) = value.filter(|value| value.is_finite()) else {
                is_down = false;
                continue;
            };
            let y = number(y(value));
            // Each value is a stroke as wide as its slice, so that one alone is seen, too.
            path.push_str(&format!(
                "{}{} {y}H{}",
                if is_down { 'L' } else { 'M' },
                number(at as f64 + 0.15),
                number(at as f64 + 0.85)
            ));
            is_down = true;
        }
        Line { class: course.class, label: course.label, path }
    };
    Some((courses.iter().map(line).collect(), top))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(values: &[Option<f64>]) -> Course {
        Course { class: "a", label: "a", values: values.to_vec() }
    }

    #[test]
    fn the_largest_of_all_touches_the_top_and_gaps_stay_open() {
        let (lines, top) = lines(&[course(&[Some(10.0), Some(5.0)]), course(&[Some(20.0), None, Some(0.0)])]).unwrap();
        assert_eq!(top, 20.0);
        assert_eq!(lines[0].path, "M0.15 34H0.85L1.15 49H1.85");
        assert_eq!(lines[1].path, "M0.15 4H0.85M2.15 64H2.85");
    }

    #[test]
    fn nothing_measured_is_no_chart() {
        assert_eq!(lines(&[course(&[None, Some(f64::NAN)])]), None);
        assert!(lines(&[course(&[Some(0.0)])]).is_some());
    }
}
