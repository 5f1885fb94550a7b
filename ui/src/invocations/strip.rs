//! Inits and restores as points, one line for each version, on a logarithmic axis of time.

use std::collections::BTreeMap;

use coldlight_model::InvocationSummary;

use super::row::{outcome, span_href};
use crate::chart::log_duration_ticks;
use crate::{format, text};

const WIDTH: f64 = 620.0;
const LEFT: f64 = 150.0;
const LINE: f64 = 22.0;
/// Lines drawn; the rest is said as a number.
const LINES: usize = 12;

/// The drawing; its numbers stand in the table of the same invocations.
pub struct Strip {
    pub height: String,
    pub base: String,
    pub lines: Vec<Line>,
    pub ticks: Vec<(String, String)>,
    pub summary: String,
    pub more: usize,
}

pub struct Line {
    pub name: String,
    pub y: String,
    pub points: Vec<Point>,
}

pub struct Point {
    pub x: String,
    pub href: Option<String>,
    pub words: String,
    /// Somebody waited: filled; else hollow.
    pub is_felt: bool,
}

/// `None` where no init was measured.
pub fn strip(invocations: &[InvocationSummary]) -> Option<Strip> {
    let mut lines: BTreeMap<String, Vec<(&InvocationSummary, u64)>> = BTreeMap::new();
    for one in invocations {
        let took = one.init.or(one.suppressed_init).or(one.restore).filter(|took| *took > 0);
        if let Some(took) = took {
            let version = one.version.as_deref().map_or_else(String::new, |version| format!(" {version}"));
            lines.entry(text::cut(&format!("{}{version}", one.function_name()), 22)).or_default().push((one, took));
        }
    }
    let all = || lines.values().flatten().map(|(_, took)| *took);
    let (least, most) = (all().min()?, all().max()?);
    let (low, high) = (least as f64 * 0.8, most as f64 * 1.25);
    let x = |nanos: f64| LEFT + (nanos / low).ln() / (high / low).ln() * (WIDTH - LEFT - 8.0);
    let drawn = lines.iter().take(LINES).enumerate().map(|(at, (name, points))| Line {
        name: name.clone(),
        y: format::number(LINE * at as f64 + LINE / 2.0),
        points: points.iter().map(|(one, took)| point(one, *took, x(*took as f64))).collect(),
    });
    let base = LINE * lines.len().min(LINES) as f64;
    let ticks = log_duration_ticks(low, high, 6).into_iter();
    Some(Strip {
        lines: drawn.collect(),
        ticks: ticks.map(|tick| (format::number(x(tick.at as f64)), tick.label)).collect(),
        summary: format!(
            "{} from {} to {}.",
            format::counted(all().count() as u64, "init or restore", "inits and restores"),
            format::duration(least),
            format::duration(most)
        ),
        more: lines.len().saturating_sub(LINES),
        height: format::number(base + 18.0),
        base: format::number(base),
    })
}

fn point(one: &InvocationSummary, took: u64, x: f64) -> Point {
    let how = super::row::how(one);
    let kind = how.as_ref().map_or("", |how| how.kind);
    Point {
        x: format::number(x),
        href: span_href(one),
        words: format!("{} {kind}, {}", format::duration(took), outcome(one.outcome).1),
        is_felt: how.is_some_and(|how| how.is_felt),
    }
}
