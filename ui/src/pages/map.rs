//! The service map: what calls what, how often, how fast, and what is broken.
//! (ui/src/pages/map.rs ↔ templates/map.html)

mod kpis;
mod state;

use askama::Template;
use coldlight_model::money::Usd;
use coldlight_model::{Narrowed, ServiceMap, TimeRange, Timestamp};

pub use state::{By, Earlier, State};

use crate::chart::Kpi;
use crate::filter_bar::FilterBar;
use crate::invocations::figures;
use crate::layout::{Layout, Place, layout};
use crate::map::card::{Card, Look as CardLook, card};
use crate::map::change::{Changes, changes};
use crate::map::edge::{Arrow, Look as EdgeLook, arrow, heads, worded_from};
use crate::map::inspector::{Inspector, Subject, inspector};
use crate::map::marks::{Marks, marks};
use crate::map::queues::{QueueRow, queues};
use crate::map::table::{Table, table};
use crate::map::{Graph, Grouping, MAX_DRAWN_NODES};
use crate::moment::{Moment, Shows};
use crate::palette::Palette;
use crate::query::Link;
use crate::range::{Picker, Preset, Range};
use crate::shell::{Chrome, Key, Section, Shell};
use crate::text;

pub const PATH: &str = "/map";
const TRACES: &str = "/traces";

/// Room around the drawing for borders, corner pills and loops.
const MARGIN: f64 = 12.0;

pub(super) const KEYS: [Key; 4] = [
    ("+ - 0", "zoom in, out, whole map"),
    ("f", "filter words"),
    ("t", "range"),
    ("Tab, Enter", "next node, select it"),
];

#[derive(Template)]
#[template(path = "map.html", blocks = ["view"])]
struct View {
    chrome: Chrome,
    bar: FilterBar,
    picker: Picker,
    edge_kinds: Vec<Switch>,
    emphasis: Vec<Switch>,
    groupings: Vec<Switch>,
    comparisons: Vec<Switch>,
    changes: Option<Changes>,
    /// The two times that are compared.
    times: (String, String),
    kpis: Vec<Kpi>,
    drawing: Option<Drawing>,
    inspector: Inspector,
    table: Table,
    queues: Vec<QueueRow>,
    nothing: Option<Nothing>,
    phrase: String,
    notes: Vec<Note>,
    json: String,
}

/// One link of a group of which one is current.
struct Switch {
    label: &'static str,
    href: String,
    is_current: bool,
}

/// A sentence above the map, with a link where there is something to do.
struct Note {
    text: String,
    link: Option<(&'static str, String)>,
}

struct Drawing {
    /// The SVG's `viewBox`, and its natural width for the stylesheet.
    view_box: String,
    width: String,
    summary: String,
    heads: Vec<(&'static str, String)>,
    arrows: Vec<Arrow>,
    cards: Vec<Card>,
    marks: Vec<Marks>,
}

/// Nothing came in: when there was something, and how to get there.
struct Nothing {
    newest: Option<Moment>,
    links: Vec<(String, String)>,
}

/// The whole page. `drawn` is [`layout()`] of [`State::graph`] of the same map.
pub fn page(shell: &Shell, state: &State, map: &ServiceMap, drawn: &Layout) -> String {
    super::render(&view(shell, state, map, drawn))
}

/// One block of the page: `view` is all that depends on the state.
pub fn fragment(block: &str, shell: &Shell, state: &State, map: &ServiceMap, drawn: &Layout) -> Option<String> {
    match block {
        "view" => Some(super::render(&view(shell, state, map, drawn).as_view())),
        _ => None,
    }
}

fn view(shell: &Shell, state: &State, map: &ServiceMap, drawn: &Layout) -> View {
    let here = state.link();
    let near = state.near(map);
    let graph = state.graph(map);
    let per_second = |count: u64| map.per_second(count);
    let palette = Palette::of(near.nodes.iter().filter(|node| node.kind.is_service()).map(|node| node.name.as_str()));
    let phrase = state.range.phrase();
    let subject = Subject {
        graph: &near,
        drawn: &graph,
        state,
        palette: &palette,
        carried: map.carried.clone(),
        queues: &map.queues,
        per_second: &per_second,
        phrase: &phrase,
    };
    let filtered = state.filter().to_line();
    let notes = notes(state, map, &graph, &near, &filtered);
    View {
        chrome: Chrome::new(shell, Section::Map, "Service map", &here).bad(&state.bad).keys(&KEYS).furnished("map"),
        bar: FilterBar::new(state.filter(), &here, PATH)
            .placeholder("Narrow the map: service:checkout-api  status:fault  dur>500ms"),
        picker: Picker::new(&state.range, &here, &shell.zone, shell.now),
        edge_kinds: state.edge_kinds(),
        emphasis: state.emphasis(),
        groupings: state.groupings(),
        comparisons: state.comparisons(),
        changes: map.is_compared().then(|| {
            let mut changes = changes(&near, &per_second, &|amount| map.per_hour(amount));
            for row in &mut changes.rows {
                row.href = state.clone().select(Some(row.id.clone())).link().to_string();
            }
            changes
        }),
        times: (
            map.earlier.as_ref().map(|earlier| day_span(earlier.range, shell)).unwrap_or_default(),
            day_span(map.range, shell),
        ),
        kpis: kpis::kpis(map, state),
        nothing: map.is_empty().then(|| nothing(shell, state)),
        drawing: (!map.is_empty()).then(|| drawing(&graph, state, drawn, &palette, map)),
        inspector: inspector(&subject),
        table: table(&near, graph.nodes.len(), state, &palette, &per_second),
        queues: queues(&map.queues, state, &per_second),
        phrase,
        notes,
        json: Link::to("/api/v1/map").with_all(&state.range.pairs()).with("f", filtered.clone()).to_string(),
    }
}

fn drawing(graph: &Graph, state: &State, drawn: &Layout, palette: &Palette, map: &ServiceMap) -> Drawing {
    // A layout of another graph would put nodes anywhere; laying out again is slow but right.
    let fits = drawn.nodes.len() == graph.nodes.len() && drawn.edges.len() == graph.edges.len();
    let own;
    let drawn = if fits {
        drawn
    } else {
        own = layout(graph);
        &own
    };
    let selected = state.selected.as_deref().and_then(|id| graph.position(id));
    let selected_edge = state.selected.as_deref().and_then(|id| graph.edge_position(id));
    let (per_second, per_hour) = (&|count| map.per_second(count), &|amount| map.per_hour(amount));
    let (slow_from, dear_from) = (slow_from(graph), dear_from(graph));
    let is_compared = map.is_compared();
    let card_look = CardLook { by: state.by, palette, is_compared, slow_from, dear_from, per_second, per_hour };
    let worded_from = worded_from(graph);
    let edge_look =
        EdgeLook { by: state.by, is_compared, selected, selected_edge, only: state.only, worded_from, per_second };
    let select =
        |id: &str, is_selected: bool| state.clone().select((!is_selected).then(|| id.to_owned())).link().to_string();
    let cards: Vec<Card> = graph
        .nodes
        .iter()
        .zip(&drawn.nodes)
        .enumerate()
        .map(|(at, (node, place))| {
            let place = Place { x: place.x, y: place.y };
            card(node, place, select(&node.id, selected == Some(at)), selected == Some(at), &card_look)
        })
        .collect();
    let mut arrows: Vec<(bool, Arrow)> = (0..graph.edges.len())
        .map(|at| {
            let href = select(&graph.edges[at].id, selected_edge == Some(at));
            let arrow = arrow(graph, at, &drawn.edges[at], href, &edge_look);
            (arrow.class.contains(" hl") || selected_edge == Some(at), arrow)
        })
        .collect();
    // What touches the selection is drawn last, on top.
    arrows.sort_by_key(|(is_lit, _)| *is_lit);
    let arrows: Vec<Arrow> = arrows.into_iter().map(|(_, arrow)| arrow).collect();
    let (width, height) = (drawn.width + 2.0 * MARGIN, drawn.height + 2.0 * MARGIN);
    Drawing {
        view_box: format!("-{MARGIN} -{MARGIN} {} {}", crate::format::number(width), crate::format::number(height)),
        width: crate::format::number(width),
        summary: summary(graph),
        heads: heads(&arrows),
        arrows,
        marks: marks(&cards),
        cards,
    }
}

/// The finding in one sentence, for those who do not see the drawing.
fn summary(graph: &Graph) -> String {
    let failing = graph.nodes.iter().filter(|node| node.stats.calls > 0 && node.stats.faults * 100 >= node.stats.calls);
    let names: Vec<String> = failing.map(|node| text::named(&node.name, 40)).take(3).collect();
    let failing = if names.is_empty() {
        "none fails in 1% of its calls or more".to_owned()
    } else {
        format!("failing most: {}", names.join(", "))
    };
    format!(
        "Service map of {} and {}, {failing}. The table below has the same numbers.",
        crate::format::counted(graph.nodes.len() as u64, "node", "nodes"),
        crate::format::counted(graph.edges.len() as u64, "connection", "connections"),
    )
}

/// The 95th percentile from which a node belongs to the slowest fifth.
fn slow_from(graph: &Graph) -> u64 {
    let mut slowest: Vec<u64> = graph.nodes.iter().filter_map(|node| node.stats.durations.quantile(0.95)).collect();
    slowest.sort_unstable_by(|a, b| b.cmp(a));
    slowest.get(slowest.len().div_ceil(5).saturating_sub(1)).copied().unwrap_or(u64::MAX)
}

/// The sum from which a node belongs to the dearest fifth.
fn dear_from(graph: &Graph) -> Option<Usd> {
    let spent = graph.nodes.iter().filter_map(|node| Some(node.bill.as_ref()?.spent.total()));
    let mut sums: Vec<Usd> = spent.filter(|sum| *sum > Usd::ZERO).collect();
    sums.sort_unstable_by(|a, b| b.cmp(a));
    sums.get(sums.len().div_ceil(5).saturating_sub(1)).copied()
}

fn notes(state: &State, map: &ServiceMap, graph: &Graph, near: &Graph, filtered: &str) -> Vec<Note> {
    let mut notes = Vec::new();
    if let Some(narrowed) = map.narrowed {
        notes.push(Note {
            text: narrowed_words(narrowed, map, state),
            link: Some((
                "Show these traces",
                Link::to(TRACES).with_all(&state.range.pairs()).with("f", filtered).to_string(),
            )),
        });
    }
    if let Some(words) = figures::sampled(map.sampled, &map.spent) {
        notes.push(Note { text: words, link: None });
    }
    if map.earlier.as_ref().is_some_and(|earlier| earlier.is_empty()) {
        let text = "No request came in the earlier time, so there is nothing to compare with.".to_owned();
        notes.push(Note { text, link: None });
    }
    if graph.grouped.is_some() && near.is_too_large() {
        notes.push(Note {
            text: format!(
                "{} with {} are too many to draw (up to {MAX_DRAWN_NODES} are drawn), so they stand together by kind. \
                 Select a group to open one of its members.",
                crate::format::counted(near.nodes.len() as u64, "node", "nodes"),
                crate::format::counted(near.edges.len() as u64, "connection", "connections"),
            ),
            link: None,
        });
    } else if graph.grouped.is_some() {
        let by = graph.grouped.map_or("kind", Grouping::name);
        let text = format!("Nodes stand together by {by}.");
        notes.push(Note { text, link: Some(("Show each", state.clone().grouped(None).link().to_string())) });
    }
    if graph.undrawn_edges > 0 {
        let text = format!("{} more connections are not drawn; the inspector lists them.", graph.undrawn_edges);
        notes.push(Note { text, link: None });
    }
    match &state.focus {
        Some(focus) if near.position(focus).is_some() && near.hidden > 0 => {
            let name = near.position(focus).map(|at| text::named(&near.nodes[at].name, 60)).unwrap_or_default();
            let steps = if state.hops == 1 { "1 step".to_owned() } else { format!("{} steps", state.hops) };
            notes.push(Note {
                text: format!(
                    "Only {name} and what is within {steps} of it; {} hidden.",
                    crate::format::counted(near.hidden as u64, "node is", "nodes are")
                ),
                link: Some(("Show all", state.clone().focus(None, 1).link().to_string())),
            });
        }
        _ => {}
    }
    notes
}

/// With its day, for it stands beside another.
fn day_span(range: TimeRange, shell: &Shell) -> String {
    let zone = &shell.zone;
    let same_day = zone.date(range.from) == zone.date(range.to);
    let to = if same_day { zone.minute(range.to) } else { zone.day_minute(range.to) };
    format!("{} – {to} {}", zone.day_minute(range.from), zone.short(range.to))
}

/// What a filtered map is of, and what it leaves out.
fn narrowed_words(narrowed: Narrowed, map: &ServiceMap, state: &State) -> String {
    let traces = crate::format::counted(narrowed.traces, "trace", "traces");
    let of = if narrowed.traces < narrowed.of {
        format!("the newest {traces} of {} with a span that matches", crate::format::count(narrowed.of))
    } else {
        format!("the {traces} with a span that matches")
    };
    let shorter = map.range.length() < state.range().length();
    let last = if shorter { ", from the last day of the range" } else { "" };
    format!("The map shows {of}{last}: numbers are of those traces alone.")
}

fn nothing(shell: &Shell, state: &State) -> Nothing {
    let asked = state.range();
    let wider = Preset::longer_than(asked.length()).take(3);
    let unfiltered = (!state.filter().is_empty())
        .then(|| ("Without the filter".to_owned(), Link::to(PATH).with_all(&state.range.pairs()).to_string()));
    let mut links: Vec<(String, String)> = wider
        .map(|preset| (preset.label().to_owned(), state.clone().at_range(Range::Last(preset)).link().to_string()))
        .collect();
    let newest = shell.newest.map(|newest| Moment::new(newest, Shows::DateTime, &shell.zone, shell.now));
    if let Some(newest) = shell.newest.filter(|newest| *newest < asked.from || *newest >= asked.to) {
        let hour = TimeRange { from: newest.minus(3_600_000_000_000), to: after(newest) };
        links.insert(
            0,
            (
                "The hour up to the newest span".to_owned(),
                state.clone().at_range(Range::Between(hour)).link().to_string(),
            ),
        );
    }
    if let Some(link) = unfiltered {
        links.insert(0, link);
    }
    Nothing { newest, links }
}

/// The next full second: ranges do not include their end.
fn after(at: Timestamp) -> Timestamp {
    let second = 1_000_000_000;
    at.plus(second - (at.nanos() as u64) % second)
}
