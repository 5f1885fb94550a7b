//! Above the rows: which service spent how much time, and the whole trace in 46 pixels.

use coldlight_model::{Nanos, Outcome};

use super::scene::Scene;
use super::state::State;
use crate::{format, text};

/// Traces of more rows than this are drawn by level instead of row by row.
pub const MOST_RECTS: usize = 600;
const COLUMNS: usize = 300;
const LANES: usize = 14;
/// Of the drawing, in its own units; the height is pixels.
const WIDTH: f64 = 1_000.0;
pub const HEIGHT: f64 = 46.0;
const MARGIN: f64 = 3.0;
/// Services named beside the drawing; the rest opens below.
const NAMED: usize = 6;

/// Services by self time.
pub struct Legend {
    pub named: Vec<LegendItem>,
    pub more: Vec<LegendItem>,
    /// Shows every service again.
    pub clear: Option<String>,
}

pub struct LegendItem {
    pub class: String,
    pub name: String,
    pub share: String,
    pub href: String,
    /// Named by the filter.
    pub is_chosen: bool,
    pub is_hidden: bool,
}

pub fn legend(scene: &Scene) -> Legend {
    let mut own: Vec<Nanos> = vec![0; scene.services.len()];
    for (node, time) in scene.own.iter().enumerate() {
        if let Some(sum) = own.get_mut(scene.service_of[node] as usize) {
            *sum = sum.saturating_add(*time);
        }
    }
    let all = own.iter().fold(0, |sum: u64, own| sum.saturating_add(*own));
    let mut order: Vec<usize> = (0..own.len()).collect();
    order.sort_by_key(|at| (std::cmp::Reverse(own[*at]), &scene.services[*at].name));
    let filter = &scene.state.services;
    let item = |at: usize| {
        let name = scene.services[at].name.as_str();
        LegendItem {
            class: scene.services[at].class.clone(),
            name: text::named(name, 80),
            share: format::share(own[at], all),
            href: scene.state.link(|state| toggle(state, name)),
            is_chosen: filter.shown.iter().any(|shown| shown == name),
            is_hidden: !filter.lets(name),
        }
    };
    // A page is no place for ten thousand services; what is chosen must stay reachable all the same.
    let rest = order.iter().skip(NAMED).take(94).copied();
    Legend {
        named: order.iter().take(NAMED).copied().map(item).collect(),
        more: rest.map(item).collect(),
        clear: (!filter.is_all()).then(|| scene.state.link(|state| state.services = Default::default())),
    }
}

/// A click on a service shows it alone, or adds it to those shown, or takes it out again; a hidden one comes back.
fn toggle(state: &mut State, name: &str) {
    let services = &mut state.services;
    if services.hidden.iter().any(|hidden| hidden == name) {
        services.hidden.retain(|hidden| hidden != name);
    } else if services.shown.iter().any(|shown| shown == name) {
        services.shown.retain(|shown| shown != name);
    } else {
        services.shown.push(name.to_owned());
    }
    state.rows = None;
}

/// The trace as strokes, one path a colour.
pub struct Minimap {
    /// Class and path.
    pub paths: Vec<(String, String)>,
    pub stroke: String,
    pub summary: String,
}

/// A stroke: lane from the top, from and to in units of [`WIDTH`].
struct Stroke {
    lane: usize,
    from: f64,
    to: f64,
    class: usize,
}

/// Colours: eight slots, then fault.
const FAULT: usize = 8;

pub fn minimap(scene: &Scene) -> Minimap {
    let rows = scene.tree.nodes.len();
    let (lanes, strokes) = if rows <= MOST_RECTS { (rows, by_row(scene)) } else { by_level(scene) };
    let step = ((HEIGHT - 2.0 * MARGIN) / lanes.max(1) as f64).min(4.0);
    let mut paths: Vec<String> = vec![String::new(); FAULT + 1];
    for stroke in strokes {
        let y = MARGIN + (stroke.lane as f64 + 0.5) * step;
        let width = (stroke.to - stroke.from).max(2.0);
        paths[stroke.class].push_str(&format!("M{} {}h{}", short(stroke.from), short(y), short(width)));
    }
    let class = |at: usize| if at == FAULT { "fault".to_owned() } else { format!("s{at}") };
    let spans = format::counted(scene.trace.spans.len() as u64, "span", "spans");
    Minimap {
        paths: paths
            .into_iter()
            .enumerate()
            .filter(|(_, path)| !path.is_empty())
            .map(|(at, path)| (class(at), path))
            .collect(),
        stroke: short((step * 0.8).max(1.2)),
        summary: format!("Overview of {spans} over {}", format::duration(scene.length.unsigned_abs())),
    }
}

fn short(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// The slot in a colour class such as `s3` or `s3 t1`.
fn slot(scene: &Scene, node: usize) -> usize {
    scene.class(node).as_bytes().get(1).map_or(0, |digit| usize::from(digit.wrapping_sub(b'0')).min(FAULT - 1))
}

fn unit(scene: &Scene, at: i64) -> f64 {
    at as f64 / scene.extent() as f64 * WIDTH
}

fn by_row(scene: &Scene) -> Vec<Stroke> {
    let stroke = |node: usize| {
        let span = scene.span(node)?;
        let (from, to) = scene.ran[node];
        let class = if span.outcome == Outcome::Fault { FAULT } else { slot(scene, node) };
        Some(Stroke { lane: node, from: unit(scene, from), to: unit(scene, to), class })
    };
    (0..scene.tree.nodes.len()).filter_map(stroke).collect()
}

/// Levels as lanes, [`COLUMNS`] columns: in each cell the longest span wins, and a fault always shows.
fn by_level(scene: &Scene) -> (usize, Vec<Stroke>) {
    let deepest = scene.tree.nodes.iter().map(|node| node.level).max().unwrap_or(0) as usize;
    let lanes = (deepest + 1).min(LANES);
    let mut order: Vec<u32> =
        (0..scene.tree.nodes.len() as u32).filter(|at| scene.span(*at as usize).is_some()).collect();
    let is_fault = |at: u32| scene.span(at as usize).is_some_and(|span| span.outcome == Outcome::Fault);
    let length = |at: u32| scene.ran[at as usize].1 - scene.ran[at as usize].0;
    order.sort_by_key(|at| std::cmp::Reverse((is_fault(*at), length(*at))));

    let mut cells = vec![u8::MAX; lanes * COLUMNS];
    // For each cell the next one that is still free, so that a covered stretch is skipped at once.
    let mut next: Vec<u32> = (0..=(lanes * COLUMNS) as u32).collect();
    for at in order {
        let node = at as usize;
        let lane = scene.tree.nodes[node].level as usize * lanes / (deepest + 1);
        let column = |at: i64| ((unit(scene, at) / WIDTH * COLUMNS as f64) as usize).min(COLUMNS - 1);
        let (from, to) = scene.ran[node];
        let end = lane * COLUMNS + column(to);
        let mut cell = free(&mut next, lane * COLUMNS + column(from));
        while cell <= end {
            cells[cell] = if is_fault(at) { FAULT as u8 } else { slot(scene, node) as u8 };
            next[cell] = cell as u32 + 1;
            cell = free(&mut next, cell);
        }
    }
    let mut strokes = Vec::new();
    for lane in 0..lanes {
        let row = &cells[lane * COLUMNS..(lane + 1) * COLUMNS];
        let mut from = 0;
        while from < COLUMNS {
            let run = row[from..].iter().take_while(|cell| **cell == row[from]).count();
            if row[from] != u8::MAX {
                let scale = WIDTH / COLUMNS as f64;
                let class = usize::from(row[from]);
                strokes.push(Stroke { lane, from: from as f64 * scale, to: (from + run) as f64 * scale, class });
            }
            from += run;
        }
    }
    (lanes, strokes)
}

/// The first free cell from `cell` on, shortening the way for the next who asks.
fn free(next: &mut [u32], cell: usize) -> usize {
    let mut found = cell;
    while next[found] as usize != found {
        found = next[found] as usize;
    }
    let mut at = cell;
    while next[at] as usize != at {
        at = std::mem::replace(&mut next[at], found as u32) as usize;
    }
    found
}
