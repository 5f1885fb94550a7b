//! Where edges touch cards: spread along a side, in the order of where they lead, so that they do not cross at the card.

use super::{CARD, Place, route::Bend};
use crate::map::Graph;

/// Ends of one side stand at most this far apart, and closer when there are many.
const MAX_GAP: f64 = 11.0;
/// Ends keep this far from the corners.
const CORNER: f64 = 8.0;

/// The two ends of each edge, in the order of the graph's edges.
pub fn spread(graph: &Graph, nodes: &[Place], bends: &[Bend]) -> Vec<(Place, Place)> {
    let mut ports: Vec<(Place, Place)> = vec![(Place::default(), Place::default()); graph.edges.len()];
    // Per node and side: (y of the neighbouring bend, edge, whether it is the edge's start).
    let mut sides: Vec<[Vec<(f64, usize, bool)>; 2]> = vec![Default::default(); nodes.len()];
    for (at, edge) in graph.edges.iter().enumerate().filter(|(_, edge)| edge.from != edge.to) {
        let goes_right = nodes[edge.from].x <= nodes[edge.to].x;
        let first = bends[at].first().unwrap_or(nodes[edge.to]);
        let last = bends[at].last().unwrap_or(nodes[edge.from]);
        sides[edge.from][usize::from(goes_right)].push((first.y, at, true));
        sides[edge.to][usize::from(!goes_right)].push((last.y, at, false));
    }
    for (node, sides) in sides.iter_mut().enumerate() {
        for (side, ends) in sides.iter_mut().enumerate() {
            ends.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
            let gaps = ends.len().saturating_sub(1) as f64;
            let gap = if gaps > 0.0 { ((CARD.1 - 2.0 * CORNER) / gaps).min(MAX_GAP) } else { 0.0 };
            let x = nodes[node].x + if side == 1 { CARD.0 } else { 0.0 };
            let top = nodes[node].y + CARD.1 / 2.0 - gap * gaps / 2.0;
            for (nth, (_, edge, is_start)) in ends.iter().enumerate() {
                let port = Place { x, y: top + gap * nth as f64 };
                if *is_start {
                    ports[*edge].0 = port;
                } else {
                    ports[*edge].1 = port;
                }
            }
        }
    }
    ports
}
