//! The bars of the waterfall: where a span lies on the axis, what is marked on it, where its label has room.
//!
//! Placed in percent of the drawn part of the axis; the browser's zoom scales that by two custom properties.

use std::ops::Range;

use coldlight_model::{Oddities, TraceSpan};

use super::fold::Fold;
use super::scene::Scene;
use super::selftime::Interval;
use crate::format;

/// Event marks on one bar: closer ones would be one line anyway.
const EVENT_PLACES: i64 = 250;
/// Teeth of a comb at least this wide, in thousandths of the bar, are told apart where they touch.
const TOOTH: i64 = 8;
/// What is wider than this is cut, in percent: browsers lose precision far outside.
const FARTHEST: f64 = 1e6;

/// Where a span lies on the axis.
pub struct Bar {
    /// Start and width in percent.
    pub at: String,
    pub width: String,
    pub nanos: u64,
    pub label: String,
    /// Where the label stands: nothing for right of the bar, ` left` of it, ` on` it, or ` off` with a bar that is not in view.
    pub side: &'static str,
    /// For those who cannot see where the bar begins.
    pub starts: String,
    /// SVG path of the events, in thousandths of the bar.
    pub events: Option<String>,
    /// Whether the critical path is in this row, or in what is closed in it, all the time; else where it is, as an SVG path.
    pub is_critical: bool,
    pub critical: Option<String>,
    /// Of a fold: where its members ran, as an SVG path in thousandths of the bar.
    pub comb: Option<String>,
    /// Start and width of the time before it that a queue, topic or bus kept what it was given, as far as that is on the axis.
    pub waited: Option<(String, String)>,
}

/// Of a span.
pub fn bar(scene: &Scene, node: usize, span: &TraceSpan) -> Bar {
    let (from, to) = scene.ran[node];
    let (at, width) = (place(scene, from), extent(scene, to - from));
    let below = if scene.shown.is_open(node) { 0 } else { scene.tree.nodes[node].descendants as usize };
    let critical = critical(scene, scene.ran[node], node..node + 1 + below);
    let is_critical = critical.as_deref() == Some(WHOLE);
    let label =
        if span.oddities.has(Oddities::BAD_TIME) { "no length".to_owned() } else { format::duration(span.duration) };
    let waited = scene.waited(node).map(|(waited, _)| waited).filter(|(sent, started)| started > sent);
    let waited = waited.map(|(sent, started)| (place(scene, sent), extent(scene, started - sent)));
    // A label left of the bar would cover the box of the wait, so it stands left of that.
    let left = waited.map_or(at, |(sent, _)| sent.min(at));
    Bar {
        side: side(left, at + width, &label),
        at: coordinate(at),
        width: coordinate(width),
        nanos: span.duration,
        label,
        starts: format::duration(from.unsigned_abs()),
        events: events(scene, node, span),
        is_critical,
        critical: critical.filter(|_| !is_critical),
        comb: None,
        waited: waited.map(|(sent, length)| (coordinate(sent), coordinate(length))),
    }
}

/// As long as the platform says the invocation ran, with an end that is no end.
pub fn open_bar(scene: &Scene, node: usize) -> Bar {
    let (from, to) = scene.ran[node];
    let (at, width) = (place(scene, from), extent(scene, to - from));
    let label = format!("stopped after {}", format::duration(to.abs_diff(from)));
    Bar {
        side: side(at, at + width, &label),
        at: coordinate(at),
        width: coordinate(width),
        nanos: to.abs_diff(from),
        label,
        starts: format::duration(from.unsigned_abs()),
        events: None,
        is_critical: false,
        critical: None,
        comb: None,
        waited: None,
    }
}

/// From the first start to the last end of what is folded, with a tooth for each.
pub fn comb_bar(scene: &Scene, fold: Fold, is_open: bool) -> Bar {
    let (mut from, mut to, mut ends) = (i64::MAX, i64::MIN, Vec::new());
    for node in fold.members(scene.tree) {
        (from, to) = (from.min(scene.ran[node].0), to.max(scene.ran[node].1));
        ends.push(scene.ran[node]);
    }
    ends.sort_unstable();
    let (at, width) = (place(scene, from), extent(scene, to - from));
    let took = fold.durations(scene.tree, &scene.trace.spans);
    let label = format!("{}, p50 {}", format::duration(took.sum), format::duration(took.p50));
    // Open, its members show where the path is.
    let critical = critical(scene, (from, to), fold.first..if is_open { fold.first } else { fold.end });
    let is_critical = critical.as_deref() == Some(WHOLE);
    Bar {
        side: side(at, at + width, &label),
        at: coordinate(at),
        width: coordinate(width),
        nanos: took.sum,
        label,
        starts: format::duration(from.unsigned_abs()),
        events: None,
        is_critical,
        critical: critical.filter(|_| !is_critical),
        comb: strokes((from, to), ends, TOOTH),
        waited: None,
    }
}

/// The path of a bar on which the critical path is all the time.
const WHOLE: &str = "M0 1H1000";

/// Where the path is in these rows, of a bar from one time to another.
fn critical(scene: &Scene, bar: Interval, rows: Range<usize>) -> Option<String> {
    strokes(bar, scene.path.within(rows.start, rows.end), i64::MAX)
}

/// Horizontal strokes, given in order. A piece shorter than a thousandth of the bar would not be seen, and joins its neighbour;
/// pieces of at least `apart` thousandths that touch are drawn with a gap.
fn strokes((from, to): Interval, parts: Vec<Interval>, apart: i64) -> Option<String> {
    let length = (to - from).max(1) as f64;
    let place = |at: i64| ((at - from) as f64 / length * 1_000.0).clamp(-FARTHEST, FARTHEST).round() as i64;
    let mut pieces: Vec<(i64, i64)> = Vec::new();
    for (from, to) in parts {
        let (from, to) = (place(from), place(to));
        match pieces.last_mut() {
            Some(last) if (from - last.1).abs() <= 1 && (to - from).min(last.1 - last.0) >= apart => {
                last.1 = from - 2;
                pieces.push((from, to));
            }
            Some(last) if from <= last.1 + 1 => last.1 = last.1.max(to),
            _ => pieces.push((from, to.max(from + 1))),
        }
    }
    let path: String = pieces.iter().map(|(from, to)| format!("M{from} 1H{to}")).collect();
    (!path.is_empty()).then_some(path)
}

/// A time on the axis, in percent of the drawn part.
pub fn place(scene: &Scene, at: i64) -> f64 {
    let (from, to) = scene.window();
    ((at - from) as f64 / (to - from).max(1) as f64 * 100.0).clamp(-FARTHEST, FARTHEST)
}

fn extent(scene: &Scene, length: i64) -> f64 {
    let (from, to) = scene.window();
    (length as f64 / (to - from).max(1) as f64 * 100.0).clamp(0.0, 2.0 * FARTHEST)
}

/// Percent with five decimals, so that a zoom of a thousand still hits the pixel.
pub fn coordinate(value: f64) -> String {
    let text = format!("{value:.5}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Where a label has room, for a column of some 640 pixels and 6.4 of them a character. `assets/js/ruler.js` has the same rule.
fn side(from: f64, to: f64, label: &str) -> &'static str {
    let room = (label.chars().count() as f64 * 6.4 + 12.0) / 6.4;
    if to < 0.0 || from > 100.0 {
        " off"
    } else if to + room <= 100.0 {
        ""
    } else if from - room >= 0.0 {
        " left"
    } else {
        " on"
    }
}

/// Vertical strokes for a span's events, in thousandths of its bar.
fn events(scene: &Scene, node: usize, span: &TraceSpan) -> Option<String> {
    let (from, to) = scene.ran[node];
    let shift = from.saturating_sub(span.started_at.since(scene.start) as i64);
    let length = (to - from).max(1) as f64;
    let mut path = String::new();
    let mut last = i64::MIN;
    for event in &span.event_times {
        let offset = event.nanos().saturating_sub(scene.start.nanos()).saturating_add(shift).saturating_sub(from);
        let place = (offset as f64 / length).clamp(0.0, 1.0) * EVENT_PLACES as f64;
        let place = place.round() as i64;
        if place > last {
            path.push_str(&format!("M{} 0v1", place * 1_000 / EVENT_PLACES));
            last = place;
        }
    }
    (!path.is_empty()).then_some(path)
}
