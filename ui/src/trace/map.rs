//! The service map of one trace: what called what in it, how often and for how long. `templates/trace/map.html` draws it.
//!
//! Nodes and edges follow the rules by which the map of all traces is counted (`store/src/queries/roll_spans.sql` and
//! `roll_edges.sql`); durations are exact here, for there is no histogram between them and the page.

use std::collections::BTreeMap;

use coldlight_model::money::Usd;
use coldlight_model::{
    EdgeStats, InvocationSummary, Kind, MapEdge, MapNode, Nanos, Node, NodeKind, NodeStats, Outcome, ServiceMap,
    TraceSpan, Way, bucket_of,
};

use super::scene::Scene;
use super::state::{Only, Services, View};
use crate::format;
use crate::layout::{Place, layout};
use crate::map::card::{Card, Look as CardLook, card};
use crate::map::edge::{Arrow, Look as EdgeLook, arrow, heads, worded_from};
use crate::map::marks::{Marks, marks};
use crate::map::{Graph, GraphNode, Grouping};
use crate::pages::map::By;
use crate::palette::Palette;
use crate::text;

/// Room around the drawing.
const MARGIN: f64 = 12.0;
/// Calls listed in the table; a trace with more is grouped in the drawing too.
const MOST: usize = 300;

/// The block.
pub struct TraceMap {
    pub view_box: String,
    pub width: String,
    pub summary: String,
    pub heads: Vec<(&'static str, String)>,
    pub arrows: Vec<Arrow>,
    pub cards: Vec<Card>,
    pub marks: Vec<Marks>,
    pub rows: Vec<CallRow>,
    pub note: Option<String>,
}

/// One connection in the table.
pub struct CallRow {
    pub href: String,
    pub from: String,
    pub to: String,
    pub way: &'static str,
    pub calls: String,
    pub time: String,
    pub problems: String,
}

/// Calls and how long they took together.
#[derive(Clone, Default)]
struct Exact {
    calls: u64,
    sum: Nanos,
}

/// What the trace adds to the map.
#[derive(Default)]
struct Found {
    nodes: BTreeMap<String, MapNode>,
    edges: BTreeMap<(String, String, Way), MapEdge>,
    /// By the id of a node, and by the ends and way of an edge.
    spent_in: BTreeMap<String, Exact>,
    spent_on: BTreeMap<(String, String, Way), Exact>,
}

impl Found {
    fn served(&mut self, node: &Node, span: &TraceSpan) {
        let known = self.nodes.entry(node.id()).or_insert_with(|| MapNode { node: node.clone(), ..MapNode::default() });
        count(&mut known.stats, span.outcome, span.duration);
        add(self.spent_in.entry(node.id()).or_default(), span.duration);
    }

    fn called(&mut self, from: Node, to: Node, way: Way, took: Nanos, outcome: Outcome) {
        let key = (from.id(), to.id(), way);
        // An end without spans of its own is known from those it called, or that called it.
        for (end, is_called) in [(&from, false), (&to, true)] {
            let known = self.nodes.entry(end.id()).or_insert_with(|| MapNode {
                node: end.clone(),
                seen: true,
                ..MapNode::default()
            });
            if known.seen && is_called {
                count(&mut known.stats, outcome, took);
                add(self.spent_in.entry(end.id()).or_default(), took);
            }
        }
        let edge =
            self.edges.entry(key.clone()).or_insert_with(|| MapEdge { from, to, way, stats: EdgeStats::default() });
        count(&mut edge.stats, outcome, took);
        add(self.spent_on.entry(key).or_default(), took);
    }
}

fn add(sum: &mut Exact, took: Nanos) {
    *sum = Exact { calls: sum.calls + 1, sum: sum.sum.saturating_add(took) };
}

fn count(stats: &mut NodeStats, outcome: Outcome, took: Nanos) {
    stats.calls += 1;
    stats.durations.add(bucket_of(took), 1);
    match outcome {
        Outcome::Ok => {}
        Outcome::Error => stats.errors += 1,
        Outcome::Throttle => stats.throttles += 1,
        Outcome::Fault => stats.faults += 1,
    }
}

fn found(scene: &Scene) -> Found {
    let mut found = Found::default();
    let node_of = |span: &TraceSpan| Node::new(span.platform, span.service.clone());
    // Every service has a node, also one that served nothing that counts as a request.
    for span in &scene.trace.spans {
        let node = node_of(span);
        found.nodes.entry(node.id()).or_insert_with(|| MapNode { node, ..MapNode::default() });
    }
    for at in 0..scene.tree.nodes.len() {
        let Some(span) = scene.span(at) else { continue };
        let parent = scene.tree.nodes[at].parent.and_then(|above| scene.span(above));
        let is_call = |span: &TraceSpan| matches!(span.kind, Kind::CLIENT | Kind::PRODUCER);
        let own = node_of(span);
        let is_request = is_request(span, parent);
        if is_request {
            found.served(&own, span);
        }
        let lag = |parent: &TraceSpan| {
            let waited = span.waited(Some(parent));
            waited.unwrap_or_else(|| span.started_at.since(parent.started_at.min(span.started_at)))
        };
        let remote = span.remote.as_ref().filter(|remote| !remote.name.is_empty());
        match (is_request, remote, parent) {
            (true, _, Some(parent))
                if (remote.is_none() || span.way == Way::Sync)
                    && (parent.service != span.service || is_call(parent)) =>
            {
                let (way, took) = match parent.kind {
                    Kind::PRODUCER => (Way::Async, lag(parent)),
                    Kind::CLIENT => (span.way, parent.duration),
                    _ => (span.way, span.duration),
                };
                found.called(node_of(parent), own, way, took, span.outcome);
            }
            (true, Some(remote), parent) if !is_call(span) && (parent.is_none() || span.way != Way::Sync) => {
                let took = parent.filter(|parent| parent.kind == Kind::PRODUCER).map_or(span.duration, lag);
                found.called(remote.clone(), own, span.way, took, span.outcome);
            }
            (false, Some(remote), Some(parent))
                if span.kind == Kind::CONSUMER && matches!(parent.kind, Kind::SERVER | Kind::INTERNAL) =>
            {
                found.called(remote.clone(), own, span.way, span.duration, span.outcome);
            }
            _ => {}
        }
        let is_within_call =
            parent.is_some_and(|parent| is_call(parent) && parent.service == span.service && parent.remote.is_some());
        if let Some(remote) = remote.filter(|_| is_call(span) && !is_within_call && !is_answered(scene, at, span)) {
            found.called(node_of(span), remote.clone(), span.way, span.duration, span.outcome);
        }
    }
    found
}

/// A request served: by a SERVER span, by a CONSUMER that no span of its own service wraps, by a root, by an invocation.
fn is_request(span: &TraceSpan, parent: Option<&TraceSpan>) -> bool {
    let is_foreign = parent.is_none_or(|parent| parent.service != span.service);
    match span.kind {
        Kind::SERVER => true,
        Kind::CONSUMER => {
            is_foreign || parent.is_some_and(|parent| matches!(parent.kind, Kind::CLIENT | Kind::PRODUCER))
        }
        _ => span.parent_span_id.is_none() || span.invocation_id.is_some() && is_foreign,
    }
}

/// A service of ours answered the call itself: its own span draws the connection.
fn is_answered(scene: &Scene, node: usize, span: &TraceSpan) -> bool {
    let answers = |child: &TraceSpan| {
        (matches!(child.kind, Kind::SERVER | Kind::CONSUMER) || child.service != span.service)
            && (child.remote.is_none() || child.way == Way::Sync)
    };
    scene.children(node).filter_map(|child| scene.span(child)).any(answers)
}

pub fn map(scene: &Scene, invocations: &[InvocationSummary]) -> TraceMap {
    let found = found(scene);
    let map = ServiceMap {
        nodes: found.nodes.into_values().collect(),
        edges: found.edges.into_values().collect(),
        ..ServiceMap::default()
    };
    let mut graph = Graph::whole(&map);
    let note = graph.is_too_large().then(|| "Too many to draw each: nodes stand together by kind.".to_owned());
    // Positions correspond as long as no nodes are gathered: both are by id.
    let exact: Vec<Exact> = graph
        .nodes
        .iter()
        .map(|node| found.spent_in.get(&Node::new(node.kind, node.name.clone()).id()).cloned().unwrap_or_default())
        .collect();
    let on: Vec<Exact> = found.spent_on.into_values().collect();
    let rows = rows(scene, &graph, &on);
    if note.is_some() {
        graph = graph.grouped(Grouping::Kind);
    }
    let is_whole = note.is_none();
    let drawn = layout(&graph);
    let palette = Palette::of(scene.services.iter().map(|service| service.name.as_str()));
    let per_second = |_| 0.0;
    let per_hour = |_| None;
    let card_look = CardLook {
        by: By::Health,
        palette: &palette,
        is_compared: false,
        slow_from: Nanos::MAX,
        dear_from: None,
        per_second: &per_second,
        per_hour: &per_hour,
    };
    let edge_look = EdgeLook {
        by: By::Health,
        is_compared: false,
        selected: None,
        selected_edge: None,
        only: None,
        worded_from: worded_from(&graph),
        per_second: &per_second,
    };
    let mut cards = Vec::new();
    for (at, (node, place)) in graph.nodes.iter().zip(&drawn.nodes).enumerate() {
        let place = Place { x: place.x, y: place.y };
        let mut card = card(node, place, href(scene, node), false, &card_look);
        card.line = match exact.get(at).filter(|exact| is_whole && exact.calls > 0) {
            Some(exact) => told(exact, node.seen),
            None if node.stats.calls == 0 => String::new(),
            None => format::counted(node.stats.calls, "call", "calls"),
        };
        if let Some(cost) = cost(invocations, &node.name).filter(|_| is_whole && node.kind == NodeKind::Lambda) {
            card.foot = format::usd(cost);
        }
        let failing = node.stats.calls - node.stats.ok();
        let problems = if failing > 0 { format!(", {} failing", format::count(failing)) } else { String::new() };
        let corner = card.corner.as_ref().map_or("", |corner| &corner.text);
        let words = [&card.name, &card.line, &card.foot, corner].into_iter().filter(|word| !word.is_empty());
        card.title = format!("{}{problems}", words.collect::<Vec<_>>().join(" "));
        cards.push(card);
    }
    let arrows = (0..graph.edges.len()).map(|at| {
        let edge = &graph.edges[at];
        let mut arrow = arrow(&graph, at, &drawn.edges[at], href(scene, &graph.nodes[edge.to]), &edge_look);
        let Some(exact) = on.get(at).filter(|_| is_whole) else { return arrow };
        if let Some(above) = &mut arrow.above {
            above.0 = if exact.calls > 1 { format!("{}×", format::count(exact.calls)) } else { String::new() };
        }
        if let Some(below) = &mut arrow.below {
            let sum = format::duration(exact.sum);
            below.0 = if edge.way == Way::Sync { sum } else { format!("lag {sum}") };
        }
        let name = |at: usize| text::named(&graph.nodes[at].name, 80);
        arrow.title = format!("{} to {}, {}, {}", name(edge.from), name(edge.to), edge.way.name(), told(exact, true));
        arrow
    });
    let arrows: Vec<Arrow> = arrows.collect();
    let (width, height) = (drawn.width + 2.0 * MARGIN, drawn.height + 2.0 * MARGIN);
    TraceMap {
        view_box: format!("-{MARGIN} -{MARGIN} {} {}", format::number(width), format::number(height)),
        width: format::number(width),
        summary: format!(
            "Map of this trace: {}, {}. The table below has the same numbers.",
            format::counted(graph.nodes.len() as u64, "node", "nodes"),
            format::counted(graph.edges.len() as u64, "connection", "connections"),
        ),
        heads: heads(&arrows),
        arrows,
        marks: marks(&cards),
        cards,
        rows,
        note,
    }
}

/// `1 call, 417 ms`, `18 calls, 1.13 s`.
fn told(exact: &Exact, is_seen: bool) -> String {
    let (one, many) = if is_seen { ("call", "calls") } else { ("request", "requests") };
    format!("{}, {}", format::counted(exact.calls, one, many), format::duration(exact.sum))
}

fn cost(invocations: &[InvocationSummary], service: &str) -> Option<Usd> {
    let own = invocations.iter().filter(|one| one.service == service);
    let priced: Vec<Usd> = own.filter_map(|one| one.cost.total).collect();
    if priced.is_empty() { None } else { Usd::sum(priced) }
}

/// The rows of a node: a service's own, or the calls that name what sends no spans.
fn href(scene: &Scene, node: &GraphNode) -> String {
    scene.state.link(|state| {
        (state.view, state.rows) = (View::Waterfall, None);
        match (node.members, node.kind.is_service() && !node.seen) {
            (1, true) => state.services = Services { shown: vec![node.name.clone()], hidden: Vec::new() },
            (1, false) => (state.find, state.only) = (text::cut(&node.name, 100), Only::Matches),
            // A group has no rows of its own.
            _ => {}
        }
    })
}

fn rows(scene: &Scene, graph: &Graph, on: &[Exact]) -> Vec<CallRow> {
    let name = |at: usize| text::named(&graph.nodes[at].name, 80);
    let row = |(edge, exact): (&crate::map::GraphEdge, &Exact)| CallRow {
        href: href(scene, &graph.nodes[edge.to]),
        from: name(edge.from),
        to: name(edge.to),
        way: edge.way.name(),
        calls: format::count(exact.calls),
        time: format::duration(exact.sum),
        problems: match edge.stats.calls - edge.stats.ok() {
            0 => String::new(),
            failing => format::count(failing),
        },
    };
    graph.edges.iter().zip(on).map(row).take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::trace::TracePage;
    use crate::trace::fixtures::{Draft, checkout, drafted};
    use crate::trace::state::State;
    use coldlight_model::{SpanTree, Timestamp, Trace};

    fn calls(trace: &Trace) -> Vec<String> {
        let tree = SpanTree::build(&trace.spans);
        let state = State::parse("view=map", Timestamp::EPOCH);
        let scene = Scene::new(&TracePage::of(trace, &tree), &state);
        let row = |row: CallRow| format!("{} > {} {} {}× {}", row.from, row.to, row.way, row.calls, row.time);
        map(&scene, &[]).rows.into_iter().map(row).collect()
    }

    #[test]
    fn calls_to_tables_are_counted_and_calls_to_services_drawn_once() {
        let trace = drafted(&[
            Draft::new(1, 0, 0, 100).of("api").kind(Kind::SERVER),
            Draft::new(2, 1, 10, 30).of("api").calls(NodeKind::External, "stock.internal"),
            Draft::new(3, 2, 12, 20).of("stock").kind(Kind::SERVER),
            Draft::new(4, 3, 13, 5).of("stock").calls(NodeKind::DynamoDb, "items"),
            Draft::new(5, 3, 20, 6).of("stock").calls(NodeKind::DynamoDb, "items"),
        ]);
        assert_eq!(calls(&trace), ["api > stock sync 1× 30 ms", "stock > items sync 2× 11 ms"]);
    }

    #[test]
    fn an_ordinary_trace_has_the_connections_of_its_calls() {
        insta::assert_snapshot!(calls(&checkout()).join("\n"));
    }
}
