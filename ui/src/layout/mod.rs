//! Where the nodes and edges of the map stand.
//!
//! Pure, deterministic, and a matter of the *set* of nodes and edges alone: new numbers move nothing, so the server may
//! keep a layout by its [`key`]. It is slow (some 10 ms for 20 nodes, a second for 150 with 300 edges), so the
//! server computes it away from the threads that answer requests.
//!
//! The `dagre` crate ranks and orders nodes; it is young and may panic, in which case nodes stand in a plain grid.
//! Not here: what is drawn (`map::Graph`, which also gathers large maps by kind), and how (`map::Card`, `map::Arrow`).

mod grid;
mod ports;
mod ranked;
mod route;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::hash::fnv;
use crate::map::Graph;

/// The size of a node's card.
pub const CARD: (f64, f64) = (162.0, 58.0);

/// Positions for one graph: `nodes` and `edges` correspond to the graph's lists.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    pub width: f64,
    pub height: f64,
    pub nodes: Vec<Place>,
    pub edges: Vec<Route>,
}

/// The upper left corner of a card.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Place {
    pub x: f64,
    pub y: f64,
}

/// An edge's curve and the middle of its label.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Route {
    /// An SVG path.
    pub path: String,
    pub label: Place,
    /// A loop at one node has no room for a label.
    pub has_label: bool,
}

/// Equal for graphs with the same layout.
pub fn key(graph: &Graph) -> u64 {
    let mut text = String::new();
    for node in &graph.nodes {
        text.push_str(&node.id);
        text.push('\u{1}');
    }
    for edge in &graph.edges {
        text.push_str(&format!("{}>{}{}\u{2}", edge.from, edge.to, edge.way.name()));
    }
    fnv(text.as_bytes())
}

/// Places every node and routes every edge.
pub fn layout(graph: &Graph) -> Layout {
    let ranked = catch_unwind(AssertUnwindSafe(|| ranked::layout(graph))).ok().flatten();
    ranked.unwrap_or_else(|| grid::layout(graph))
}

#[cfg(test)]
mod tests;
