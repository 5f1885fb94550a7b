//! Ranks from left to right: callers before what they call.

use coldlight_model::Way;
use dagre::graph::{Graph as Dag, GraphOptions};
use dagre::layout::types::LabelPos;
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, RankDir};

use super::{CARD, Layout, Place, ports, route};
use crate::map::Graph;

/// Between cards of one rank, between ranks, and between edges that pass cards.
const NODE_GAP: f64 = 13.0;
const RANK_GAP: f64 = 30.0;
const EDGE_GAP: f64 = 8.0;
/// The room of an edge's label: rate above, latency below the line; a lag needs a word more.
const LABEL: (f64, f64) = (44.0, 24.0);
const LAG_LABEL: (f64, f64) = (54.0, 24.0);
/// How strongly an edge resists bending.
const WEIGHT_OF_ENTRY: i32 = 3;
const WEIGHT_BETWEEN_SERVICES: i32 = 2;
const WEIGHT_TO_STORES: i32 = 1;
/// Cards per row for nodes that no edge touches.
const LONERS_PER_ROW: usize = 5;

/// `None` when the crate did not place something.
pub fn layout(graph: &Graph) -> Option<Layout> {
    let mut touched = vec![false; graph.nodes.len()];
    let mut entered = vec![false; graph.nodes.len()];
    for edge in graph.edges.iter().filter(|edge| edge.from != edge.to) {
        touched[edge.from] = true;
        touched[edge.to] = true;
        entered[edge.to] = true;
    }
    let mut dag: Dag<NodeLabel, EdgeLabel> =
        Dag::with_options(GraphOptions { directed: true, multigraph: true, compound: false });
    for at in (0..graph.nodes.len()).filter(|at| touched[*at]) {
        dag.set_node(name(at), Some(NodeLabel { width: CARD.0, height: CARD.1, ..NodeLabel::default() }));
    }
    for (at, edge) in graph.edges.iter().enumerate().filter(|(_, edge)| edge.from != edge.to) {
        let weight = match () {
            () if !entered[edge.from] => WEIGHT_OF_ENTRY,
            () if graph.nodes[edge.to].id.starts_with("service:") => WEIGHT_BETWEEN_SERVICES,
            () => WEIGHT_TO_STORES,
        };
        let (width, height) = if edge.way == Way::Sync { LABEL } else { LAG_LABEL };
        let label = EdgeLabel { width, height, weight, labelpos: LabelPos::Center, ..EdgeLabel::default() };
        dag.set_edge(name(edge.from), name(edge.to), Some(label), Some(&name(at)));
    }
    let options = LayoutOptions {
        rankdir: RankDir::LR,
        nodesep: NODE_GAP,
        ranksep: RANK_GAP,
        edgesep: EDGE_GAP,
        ..LayoutOptions::default()
    };
    if touched.contains(&true) {
        dagre::layout(&mut dag, Some(options));
    }

    let mut nodes = vec![Place::default(); graph.nodes.len()];
    for (at, place) in nodes.iter_mut().enumerate().filter(|(at, _)| touched[*at]) {
        let label = dag.node(&name(at))?;
        *place = Place { x: label.x? - CARD.0 / 2.0, y: label.y? - CARD.1 / 2.0 };
    }
    let mut bends = Vec::with_capacity(graph.edges.len());
    for (at, edge) in graph.edges.iter().enumerate() {
        let bend = match dag.edge(&name(edge.from), &name(edge.to), Some(&name(at))) {
            Some(label) => {
                let points: Vec<Place> = label.points.iter().map(|point| Place { x: point.x, y: point.y }).collect();
                let middle = Place { x: label.x?, y: label.y? };
                route::Bend::new(&points, middle)
            }
            None => route::Bend::default(),
        };
        bends.push(bend);
    }
    let columns = columns(&nodes, &touched);
    let ports = ports::spread(graph, &nodes, &bends);
    let edges: Vec<_> = graph
        .edges
        .iter()
        .zip(&bends)
        .zip(&ports)
        .map(|((edge, bend), ports)| {
            if edge.from == edge.to { route::around(nodes[edge.from]) } else { route::through(bend, *ports, &columns) }
        })
        .collect();
    let mut layout = Layout { nodes, edges, ..Layout::default() };
    place_loners(&mut layout, &touched);
    Some(settle(layout))
}

fn name(at: usize) -> String {
    // Zero-filled: the crate may compare names, and "10" must not come before "9".
    format!("{at:05}")
}

/// The middles of the columns of cards.
fn columns(nodes: &[Place], touched: &[bool]) -> Vec<f64> {
    let mut columns: Vec<f64> =
        nodes.iter().zip(touched).filter(|(_, touched)| **touched).map(|(place, _)| place.x + CARD.0 / 2.0).collect();
    columns.sort_by(f64::total_cmp);
    columns.dedup_by(|a, b| (*a - *b).abs() < 1.0);
    columns
}

/// Nodes without edges stand in rows below the rest.
fn place_loners(layout: &mut Layout, touched: &[bool]) {
    let bottom = layout.nodes.iter().zip(touched).filter(|(_, touched)| **touched).map(|(place, _)| place.y + CARD.1);
    let bottom = bottom.fold(f64::NEG_INFINITY, f64::max);
    let left = layout.nodes.iter().zip(touched).filter(|(_, touched)| **touched).map(|(place, _)| place.x);
    let left = left.fold(f64::INFINITY, f64::min);
    let (left, top) = if bottom.is_finite() { (left, bottom + 3.0 * NODE_GAP) } else { (0.0, 0.0) };
    let loners = (0..touched.len()).filter(|at| !touched[*at]);
    for (nth, at) in loners.enumerate() {
        layout.nodes[at] = Place {
            x: left + (nth % LONERS_PER_ROW) as f64 * (CARD.0 + RANK_GAP),
            y: top + (nth / LONERS_PER_ROW) as f64 * (CARD.1 + NODE_GAP),
        };
    }
}

/// The size of the whole; the crate leaves its upper left at the origin.
fn settle(mut layout: Layout) -> Layout {
    let right = layout.nodes.iter().map(|place| place.x + CARD.0);
    let below = layout.nodes.iter().map(|place| place.y + CARD.1);
    let labels = || layout.edges.iter().map(|edge| edge.label);
    layout.width = right.chain(labels().map(|label| label.x + 4.0)).fold(0.0, f64::max);
    layout.height = below.chain(labels().map(|label| label.y + LABEL.1)).fold(0.0, f64::max);
    layout
}
