//! The waterfall block: toolbar, overview, ruler, rows and pager. `templates/trace/waterfall.html` arranges it.

use coldlight_model::{Outcome, TraceId};

use super::bar::{coordinate, place};
use super::flame::{Flame, flame};
use super::key::RowKey;
use super::logbook::{Logbook, logbook};
use super::map::{TraceMap, map};
use super::overview::{self, Legend, Minimap};
use super::scene::Scene;
use super::shown::{self, Line as Drawn};
use super::state::{Clock, Depth, Only, Rows, State, Until, View};
use super::table::{Table, table};
use super::ticks;
use super::waterfall::{self, Row};
use crate::pages::trace::TracePage;
use crate::query::Link;
use crate::shell::Shell;
use crate::{format, text};

/// Rows on a page without scripts, and in the first answer.
pub const PAGE: usize = 200;
/// Rows of one window, which scripts load and drop as a whole.
pub const WINDOW: usize = 100;
/// `rows=all` holds no more than this: beyond it browsers give up before we do. A pager leads on.
pub const MOST_ROWS: usize = 20_000;
/// Lines on the ruler.
const TICKS: i64 = 8;

/// Everything in the block.
pub struct Waterfall {
    /// Of the page, without and with its state.
    pub path: String,
    pub here: String,
    pub find: String,
    /// What the search form keeps.
    pub kept: Vec<(&'static str, String)>,
    pub matches: Option<Matches>,
    pub collapse: Collapse,
    pub zoom: Zoom,
    pub problems: Option<Toggle>,
    pub clock: Option<Toggle>,
    pub fold: Option<Toggle>,
    /// The ways to show the trace, and what the critical path leads up to.
    pub views: Vec<Toggle>,
    pub paths: Vec<Toggle>,
    /// Instead of rows.
    pub table: Option<Table>,
    pub flame: Option<Flame>,
    pub map: Option<TraceMap>,
    pub logbook: Option<Logbook>,
    pub has_rows: bool,
    pub notes: Vec<Note>,
    pub legend: Legend,
    pub minimap: Minimap,
    pub ruler: Vec<Line>,
    pub response: Option<Response>,
    pub windows: Vec<Window>,
    pub empty: Option<String>,
    pub pager: Option<Pager>,
    pub rows: usize,
    pub facts: Facts,
}

/// What the script must know: it computes nothing that stands here.
pub struct Facts {
    /// Where windows come from; the script adds `row` and `count`.
    pub source: String,
    pub spans: usize,
    pub length: i64,
    pub from: i64,
    pub to: i64,
    /// One bit a row, base64.
    pub problem_bits: String,
    pub match_bits: String,
}

/// The result of a search.
pub struct Matches {
    pub words: String,
    pub previous: Option<String>,
    pub next: Option<String>,
    pub only: Toggle,
    pub clear: String,
}

/// A link that is on or off.
pub struct Toggle {
    pub words: String,
    pub href: String,
    pub is_on: bool,
}

pub struct Collapse {
    pub less: Option<String>,
    pub more: Option<String>,
    pub all: String,
    pub is_all: bool,
}

pub struct Zoom {
    pub inside: String,
    pub out: String,
    pub whole: String,
    /// The drawn part in percent of the trace, when it is not the whole.
    pub lens: Option<(String, String)>,
}

/// A sentence above the rows.
pub struct Note {
    pub test: &'static str,
    pub words: String,
    pub link: Option<(&'static str, String)>,
    /// Parts of the state that the link sets, for the script; nothing for an ordinary link.
    pub go: &'static str,
}

/// A line of the ruler.
pub struct Line {
    pub at: String,
    pub label: String,
    /// Its label would leave the column, so it stands left of its line.
    pub is_last: bool,
}

pub struct Response {
    pub at: String,
    /// In percent of the whole trace, for the overview.
    pub whole: String,
    /// Its label stands left of its line.
    pub is_last: bool,
    pub label: String,
}

/// Rows that are loaded and dropped together.
pub struct Window {
    pub first: usize,
    pub rows: Vec<Row>,
}

pub struct Pager {
    pub words: String,
    pub first: Option<String>,
    pub previous: Option<String>,
    pub next: Option<String>,
    pub last: Option<String>,
    pub all: Option<String>,
}

pub fn waterfall(scene: &Scene, shell: &Shell, page: &TracePage, notes: Vec<Note>) -> Waterfall {
    let state = scene.state;
    let id = scene.trace.trace_id;
    let shows = |view| state.view == view;
    let total = scene.shown.rows.len();
    let (first, count) = window(scene);
    let rows = waterfall::rows(scene, first, count);
    let (from, to) = scene.window();
    let response = response(scene);
    let path = format!("/traces/{id}");
    Waterfall {
        here: Link::to(path.as_str()).with_all(&state.pairs()).to_string(),
        path,
        find: state.find.clone(),
        kept: state.pairs().into_iter().filter(|(name, _)| !["q", "rows", "only"].contains(name)).collect(),
        matches: page.matches.is_some().then(|| matches(scene)),
        collapse: collapse(scene),
        zoom: zoom(scene),
        problems: problems(scene),
        clock: clock(scene),
        fold: fold(scene),
        views: View::ALL
            .map(|view| Toggle {
                words: view.label().to_owned(),
                is_on: view == state.view,
                href: state.link(|state| (state.view, state.rows) = (view, None)),
            })
            .into(),
        paths: paths(scene),
        table: shows(View::Table).then(|| table(scene)),
        flame: shows(View::Flame).then(|| flame(scene)),
        map: shows(View::Map).then(|| map(scene, page.invocations)),
        logbook: shows(View::Logs).then(|| logbook(scene, shell, page)),
        has_rows: shows(View::Waterfall),
        notes,
        legend: overview::legend(scene),
        minimap: overview::minimap(scene),
        ruler: ruler(scene, response.as_ref()),
        response,
        empty: (total == 0).then(|| empty(state)),
        pager: pager(state, (first, rows.len(), total), PAGE),
        windows: windows(first, rows),
        rows: total,
        facts: Facts {
            source: source(state, id),
            spans: scene.trace.spans.len(),
            length: scene.extent(),
            from,
            to,
            problem_bits: bits(scene, |line| {
                let node = line.node();
                // An open fold leaves its problem to its members.
                if line.is_fold && scene.shown.fold(node).is_some_and(|fold| fold.is_open) {
                    return false;
                }
                let below = scene.tree.nodes[node].faults_below > 0 && !scene.shown.is_open(node);
                below || scene.span(node).is_some_and(|span| span.outcome != Outcome::Ok)
            }),
            match_bits: bits(scene, |line| !line.is_fold && scene.shown.is_match(line.node())),
        },
    }
}

/// The rows on this page: those asked for, else those around the selected one, else the first.
fn window(scene: &Scene) -> (usize, usize) {
    let total = scene.shown.rows.len();
    match scene.state.rows {
        Some(Rows::All) => (0, MOST_ROWS),
        Some(Rows::From(first)) => {
            let last = total.saturating_sub(1) / WINDOW * WINDOW;
            ((first as usize).min(last), PAGE)
        }
        None => {
            let position = |key: RowKey| scene.shown.position(shown::find(scene.tree, key)?, key.is_fold);
            match scene.state.span.and_then(position).filter(|at| *at >= PAGE - WINDOW / 4) {
                // Some rows above it, so that one sees where it hangs.
                Some(at) => ((at - WINDOW / 2) / WINDOW * WINDOW, PAGE),
                None => (0, PAGE),
            }
        }
    }
}

fn windows(first: usize, rows: Vec<Row>) -> Vec<Window> {
    let mut windows: Vec<Window> = Vec::new();
    for (offset, row) in rows.into_iter().enumerate() {
        match windows.last_mut() {
            Some(window) if offset % WINDOW != 0 => window.rows.push(row),
            _ => windows.push(Window { first: first + offset, rows: vec![row] }),
        }
    }
    windows
}

/// Where the script gets windows of this very view. The selection stays in it: rows that it opened are counted here.
fn source(state: &State, id: TraceId) -> String {
    let kept: Vec<_> = state.pairs().into_iter().filter(|(name, _)| !["tab", "rows"].contains(name)).collect();
    Link::to(format!("/traces/{id}/rows")).with_all(&kept).to_string()
}

fn matches(scene: &Scene) -> Matches {
    let state = scene.state;
    let found = (0..scene.tree.nodes.len()).filter(|node| scene.shown.is_match(*node)).count();
    let rows = scene.shown.rows.iter().filter(|line| !line.is_fold).map(|line| line.node());
    let hits: Vec<usize> = rows.filter(|node| scene.shown.is_match(*node)).collect();
    let at = state.span.and_then(|key| shown::find(scene.tree, key));
    let select = |node: &usize| {
        let key = scene.key(*node);
        format!("{}#s-{key}", state.link(|state| (state.span, state.rows) = (Some(key), None)))
    };
    let before = |node: &&usize| at.is_some_and(|at| **node < at);
    let after = |node: &&usize| at.is_none_or(|at| **node > at);
    Matches {
        words: match found {
            0 => "no match".to_owned(),
            found => format::counted(found as u64, "match", "matches"),
        },
        previous: hits.iter().rev().find(before).map(select),
        next: hits.iter().find(after).map(select),
        only: toggle(state, Only::Matches, "Only matches".to_owned()),
        clear: state.link(|state| (state.find, state.only, state.rows) = (String::new(), Only::Everything, None)),
    }
}

fn toggle(state: &State, only: Only, words: String) -> Toggle {
    let is_on = state.only == only;
    let then = if is_on { Only::Everything } else { only };
    Toggle { words, is_on, href: state.link(|state| (state.only, state.rows) = (then, None)) }
}

fn problems(scene: &Scene) -> Option<Toggle> {
    let count = scene.trace.spans.iter().filter(|span| span.outcome != Outcome::Ok).count();
    let is_on = scene.state.only == Only::Problems;
    (count > 0 || is_on)
        .then(|| toggle(scene.state, Only::Problems, format!("Problems {}", format::count(count as u64))))
}

fn clock(scene: &Scene) -> Option<Toggle> {
    let is_on = scene.state.clock == Clock::Fixed;
    let then = if is_on { Clock::Raw } else { Clock::Fixed };
    (is_on || scene.skew.count() > 0).then(|| Toggle {
        words: "Shift clocks".to_owned(),
        is_on,
        href: scene.state.link(|state| state.clock = then),
    })
}

fn fold(scene: &Scene) -> Option<Toggle> {
    let is_on = !scene.state.is_unfolded;
    (scene.shown.foldable > 0).then(|| Toggle {
        words: "Fold similar".to_owned(),
        is_on,
        href: scene.state.link(|state| (state.is_unfolded, state.rows) = (is_on, None)),
    })
}

/// Without a root there is no path, and where nothing follows the response the completion is the same.
fn paths(scene: &Scene) -> Vec<Toggle> {
    let Some(root) = scene.root else { return Vec::new() };
    let is_all = scene.ran[root].1 >= scene.length;
    let offered = Until::ALL.into_iter().filter(|until| !(is_all && *until == Until::Completion));
    let toggle = |until: Until| Toggle {
        words: until.label().to_owned(),
        is_on: until == scene.state.until,
        href: scene.state.link(|state| state.until = until),
    };
    offered.map(toggle).collect()
}

fn collapse(scene: &Scene) -> Collapse {
    let state = scene.state;
    let deepest = scene.tree.nodes.iter().map(|node| node.level + 1).max().unwrap_or(1);
    let now = shown::levels(scene.tree, state.depth).min(deepest);
    let open = |depth| {
        state.link(|state| {
            state.depth = Some(depth);
            state.rows = None;
            // Levels are a clean slate: what was opened or closed by hand would contradict them.
            (state.closed, state.opened) = (Vec::<RowKey>::new(), Vec::<RowKey>::new());
        })
    };
    Collapse {
        less: (now > 1).then(|| open(Depth::Levels(now - 1))),
        more: (now < deepest).then(|| open(Depth::Levels(now + 1))),
        all: open(Depth::All),
        is_all: now >= deepest && state.closed.is_empty(),
    }
}

fn zoom(scene: &Scene) -> Zoom {
    let (from, to) = scene.window();
    let length = to - from;
    let link = |from: i64, to: i64| {
        let whole = from <= 0 && to >= scene.extent();
        scene.state.link(|state| state.zoom = (!whole).then_some((from.max(0), to.max(from.max(0).saturating_add(1)))))
    };
    let is_zoomed = scene.state.zoom.is_some();
    let percent = |at: i64| coordinate((at as f64 / scene.extent() as f64 * 100.0).clamp(0.0, 100.0));
    Zoom {
        inside: link(from + length / 4, to - length / 4),
        out: link(from.saturating_sub(length / 2), to.saturating_add(length / 2)),
        whole: scene.state.link(|state| state.zoom = None),
        lens: is_zoomed.then(|| (percent(from), percent(length))),
    }
}

fn response(scene: &Scene) -> Option<Response> {
    let at = scene.response_at()?;
    // A root that outlives everything sends its response at the very end: no line is needed to say that.
    if scene.length - at <= scene.length / 200 {
        return None;
    }
    let root = scene.span(scene.root?)?;
    let place = place(scene, at);
    Some(Response {
        at: coordinate(place),
        whole: coordinate(at as f64 / scene.extent() as f64 * 100.0),
        // Where less is left, narrow windows have no room for it on the right.
        is_last: place > 60.0,
        label: format!("response {}", format::duration(root.duration)),
    })
}

fn ruler(scene: &Scene, response: Option<&Response>) -> Vec<Line> {
    let (from, to) = scene.window();
    let sent = response.and(scene.response_at()).map(|at| place(scene, at));
    let lines = ticks::ticks(from, to, TICKS).into_iter().map(|tick| {
        let at = place(scene, tick.at);
        // The mark of the response covers this much of the ruler.
        let (left, right) = if response.is_some_and(|response| response.is_last) { (20.0, 2.0) } else { (8.0, 14.0) };
        let is_covered = sent.is_some_and(|sent| at > sent - left && at < sent + right);
        Line { at: coordinate(at), label: if is_covered { String::new() } else { tick.label }, is_last: at > 93.0 }
    });
    lines.collect()
}

fn empty(state: &State) -> String {
    match (state.only, state.services.is_all()) {
        (Only::Matches, true) => format!("No span matches “{}”.", text::cut(&state.find, 80)),
        (Only::Problems, true) => "No span of this trace went wrong.".to_owned(),
        (Only::Everything, false) => "No span is of these services.".to_owned(),
        (Only::Everything, true) => "No span is here.".to_owned(),
        _ => "No span passes these filters.".to_owned(),
    }
}

/// From which row, how many and of how many there are on this page; others have `page` rows.
pub fn pager(state: &State, (first, count, total): (usize, usize, usize), page: usize) -> Option<Pager> {
    if count == total {
        return None;
    }
    let at = |first: usize| state.link(|state| state.rows = Some(Rows::From(first as u32)));
    let end = first + count;
    Some(Pager {
        words: format!(
            "rows {}–{} of {}",
            format::count(first as u64 + 1),
            format::count(end as u64),
            format::count(total as u64)
        ),
        first: (first > 0).then(|| at(0)),
        previous: (first > 0).then(|| at(first.saturating_sub(page))),
        next: (end < total).then(|| at(end)),
        last: (end < total).then(|| at((total - 1) / page * page)),
        all: (state.rows != Some(Rows::All)).then(|| state.link(|state| state.rows = Some(Rows::All))),
    })
}

/// One bit a drawn row, the first row in the highest bit of the first byte; zeros at the end are left out.
fn bits(scene: &Scene, is_set: impl Fn(Drawn) -> bool) -> String {
    let mut bytes = vec![0u8; scene.shown.rows.len().div_ceil(8)];
    for (at, row) in scene.shown.rows.iter().enumerate() {
        if is_set(*row) {
            bytes[at / 8] |= 0x80 >> (at % 8);
        }
    }
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let mut text = String::new();
    coldlight_model::push_base64(&bytes[..used], &mut text);
    text
}
