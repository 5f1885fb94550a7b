//! The layout that cannot fail: cards in rows by id, edges straight from middle to middle.

use super::{CARD, Layout, Place, Route, route};
use crate::format::number;
use crate::map::Graph;

const PER_ROW: usize = 5;
const GAP: (f64, f64) = (74.0, 40.0);

pub fn layout(graph: &Graph) -> Layout {
    let place =
        |at: usize| Place { x: (at % PER_ROW) as f64 * (CARD.0 + GAP.0), y: (at / PER_ROW) as f64 * (CARD.1 + GAP.1) };
    let nodes: Vec<Place> = (0..graph.nodes.len()).map(place).collect();
    let edges = graph.edges.iter().map(|edge| {
        if edge.from == edge.to { route::around(nodes[edge.from]) } else { straight(nodes[edge.from], nodes[edge.to]) }
    });
    let rows = graph.nodes.len().div_ceil(PER_ROW).max(1) as f64;
    let columns = graph.nodes.len().min(PER_ROW) as f64;
    Layout { width: columns * (CARD.0 + GAP.0), height: rows * (CARD.1 + GAP.1), edges: edges.collect(), nodes }
}

/// From the border of one card to the border of the other.
fn straight(from: Place, to: Place) -> Route {
    let middle = |card: Place| Place { x: card.x + CARD.0 / 2.0, y: card.y + CARD.1 / 2.0 };
    let (a, b) = (middle(from), middle(to));
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    // The share of the way at which the line leaves a card: the nearer of its two borders.
    let leave = (CARD.0 / 2.0 / dx.abs().max(0.01)).min(CARD.1 / 2.0 / dy.abs().max(0.01)).min(0.5);
    let point = |share: f64| format!("{},{}", number(a.x + dx * share), number(a.y + dy * share));
    Route {
        path: format!("M{}L{}", point(leave), point((1.0 - leave * 1.1).max(0.5))),
        label: Place { x: a.x + dx / 2.0, y: a.y + dy / 2.0 },
        has_label: true,
    }
}
