//! A table of figures, one column a kind of function, and what each adds to the first.

use std::fmt;

/// What an addition should stay below.
#[derive(Clone, Copy)]
pub struct Target {
    /// Infinite where nothing is promised.
    pub most: f64,
    pub unit: &'static str,
}

impl Target {
    pub fn verdict(self, value: f64) -> String {
        let Self { most, unit } = self;
        if most.is_infinite() {
            return String::new();
        }
        let place = if value < most { "below" } else { "ABOVE" };
        format!("{place} the target of {most} {unit}")
    }
}

pub struct Table<const N: usize> {
    names: [&'static str; N],
    lines: Vec<String>,
    last: [f64; N],
}

impl<const N: usize> Table<N> {
    pub fn new(names: [&'static str; N]) -> Self {
        Self { names, lines: Vec::new(), last: [f64::NAN; N] }
    }

    pub fn row(&mut self, name: &str, values: &[f64; N]) {
        let cells = values.iter().map(|value| if value.is_nan() { "–".to_owned() } else { format!("{value:.2}") });
        self.lines.push(line(name, cells));
        self.last = *values;
    }

    /// What the other columns of the last row add to its first; the largest addition is judged.
    pub fn added(&mut self, name: &str, target: Target) {
        let first = self.last[0];
        let cells = self.last.iter().enumerate().map(|(at, value)| match at {
            0 => String::new(),
            _ => format!("{:+.2}", value - first),
        });
        let most = self.last.iter().skip(1).map(|value| value - first).fold(f64::NEG_INFINITY, f64::max);
        self.lines.push(format!("{}  {}", line(name, cells), target.verdict(most)));
    }
}

fn line(name: &str, cells: impl Iterator<Item = String>) -> String {
    let cells: String = cells.map(|cell| format!("{cell:>17}")).collect();
    format!("{name:<36}{cells}")
}

impl<const N: usize> fmt::Display for Table<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", line("", self.names.iter().map(|name| (*name).to_owned())))?;
        self.lines.iter().try_for_each(|line| writeln!(f, "{}", line.trim_end()))
    }
}
