//! Layouts of many graphs: nothing overlaps, nothing depends on numbers or order.

use coldlight_model::{NodeKind, Way};
use proptest::prelude::*;

use super::*;
use crate::map::{GraphEdge, GraphNode};

/// A graph of `count` nodes with the given edges; every third node is a table.
fn graph(count: usize, ends: &[(usize, usize)]) -> Graph {
    let node = |at: usize| {
        let kind = if at % 3 == 2 { NodeKind::DynamoDb } else { NodeKind::Lambda };
        let prefix = if at % 3 == 2 { "dynamodb" } else { "service" };
        GraphNode { id: format!("{prefix}:{at:04}"), kind, name: format!("{at}"), members: 1, ..GraphNode::default() }
    };
    let mut ends: Vec<(usize, usize)> = ends.iter().map(|(from, to)| (from % count, to % count)).collect();
    ends.sort_unstable();
    ends.dedup();
    let edges = ends.iter().map(|(from, to)| GraphEdge {
        id: format!("{from}>{to}"),
        from: *from,
        to: *to,
        way: Way::Sync,
        ..GraphEdge::default()
    });
    Graph { nodes: (0..count).map(node).collect(), edges: edges.collect(), ..Graph::default() }
}

#[track_caller]
fn check(layout: &Layout, graph: &Graph) {
    assert_eq!((layout.nodes.len(), layout.edges.len()), (graph.nodes.len(), graph.edges.len()));
    for (at, a) in layout.nodes.iter().enumerate() {
        assert!(a.x >= -0.01 && a.y >= -0.01, "{a:?} lies outside");
        assert!(a.x + CARD.0 <= layout.width + 0.01 && a.y + CARD.1 <= layout.height + 0.01, "{a:?} lies outside");
        for b in &layout.nodes[at + 1..] {
            let apart = (a.x - b.x).abs() >= CARD.0 || (a.y - b.y).abs() >= CARD.1;
            assert!(apart, "{a:?} and {b:?} overlap");
        }
    }
    assert!(layout.edges.iter().all(|edge| edge.path.starts_with('M') && !edge.path.contains("NaN")));
}

#[test]
fn nothing_at_all_has_a_layout() {
    assert_eq!(layout(&Graph::default()), Layout::default());
}

#[test]
fn callers_stand_left_of_what_they_call() {
    let chain = graph(3, &[(0, 1), (1, 2)]);
    let layout = layout(&chain);
    assert!(layout.nodes[0].x + CARD.0 < layout.nodes[1].x && layout.nodes[1].x + CARD.0 < layout.nodes[2].x);
    check(&layout, &chain);
}

#[test]
fn loops_and_cycles_are_drawn() {
    let odd = graph(3, &[(0, 0), (0, 1), (1, 2), (2, 0)]);
    let layout = layout(&odd);
    check(&layout, &odd);
    assert!(!layout.edges[0].has_label);
}

#[test]
fn nodes_without_edges_stand_in_rows_below() {
    let lonely = graph(9, &[(0, 1)]);
    let layout = layout(&lonely);
    check(&layout, &lonely);
    assert_eq!(layout.nodes[2].y, layout.nodes[6].y);
    assert!(layout.nodes[7].y > layout.nodes[6].y);
    assert!(layout.nodes[2].y > layout.nodes[1].y + CARD.1);
}

#[test]
fn two_ways_between_the_same_nodes_are_two_curves() {
    let mut both = graph(2, &[(0, 1)]);
    both.edges.push(GraphEdge { way: Way::Async, ..both.edges[0].clone() });
    let layout = layout(&both);
    assert_ne!(layout.edges[0].path, layout.edges[1].path);
    check(&layout, &both);
}

#[test]
fn numbers_and_names_change_neither_key_nor_layout() {
    let one = graph(6, &[(0, 1), (1, 2), (0, 3), (3, 4)]);
    let mut other = one.clone();
    other.nodes[1].stats.calls = 999;
    other.nodes[1].kind = NodeKind::Ecs;
    other.edges[0].stats.faults = 7;
    assert_eq!(key(&one), key(&other));
    assert_eq!(layout(&one), layout(&other));
    assert_ne!(key(&one), key(&graph(6, &[(0, 1), (1, 2), (0, 3), (3, 5)])));
}

#[test]
fn the_plain_grid_overlaps_nothing_either() {
    let odd = graph(23, &[(0, 0), (0, 1), (7, 3), (4, 20), (2, 12)]);
    check(&grid::layout(&odd), &odd);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn cards_never_overlap(count in 1usize..40, ends in proptest::collection::vec((0usize..40, 0usize..40), 0..70)) {
        let graph = graph(count, &ends);
        check(&layout(&graph), &graph);
    }

    #[test]
    fn the_same_graph_has_the_same_layout(count in 1usize..25, ends in proptest::collection::vec((0usize..25, 0usize..25), 0..40)) {
        let graph = graph(count, &ends);
        prop_assert_eq!(layout(&graph), layout(&graph));
    }
}
