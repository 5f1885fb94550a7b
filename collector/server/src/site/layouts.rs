//! Layouts of the service map, kept by the set of nodes and edges they belong to, so that new numbers move nothing.

use std::sync::{Arc, Mutex, PoisonError};

use coldlight_ui::layout::{Layout, key, layout};
use coldlight_ui::map::Graph;
use tokio::sync::Semaphore;

/// A few people looking at a few ranges and groupings.
const KEPT: usize = 32;
/// Layouts computed at a time: one is all CPU, and whoever waits finds it done.
const AT_ONCE: usize = 1;

/// The most recently used first.
pub struct Layouts {
    known: Mutex<Vec<(u64, Arc<Layout>)>>,
    computing: Semaphore,
}

impl Default for Layouts {
    fn default() -> Self {
        Self { known: Mutex::default(), computing: Semaphore::new(AT_ONCE) }
    }
}

impl Layouts {
    /// The layout of `graph`, remembered or computed on a thread that may block. Should the computation fail altogether,
    /// an empty layout, for which the page lays its own.
    pub async fn of(&self, graph: &Graph) -> Arc<Layout> {
        let key = key(graph);
        if let Some(known) = self.find(key) {
            return known;
        }
        let _turn = self.computing.acquire().await;
        if let Some(known) = self.find(key) {
            return known;
        }
        let graph = graph.clone();
        // A panic inside ends up as an error of the join.
        let computed = tokio::task::spawn_blocking(move || layout(&graph)).await;
        let computed = match computed {
            Ok(layout) => Arc::new(layout),
            Err(error) => {
                tracing::error!(%error, "a map could not be laid out");
                return Arc::default();
            }
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(0, (key, computed.clone()));
        known.truncate(KEPT);
        computed
    }

    fn find(&self, key: u64) -> Option<Arc<Layout>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let at = known.iter().position(|(one, _)| *one == key)?;
        let found = known.remove(at);
        known.insert(0, found.clone());
        Some(found.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldlight_model::{
        DurationHistogram, MapEdge, MapNode, Node, NodeKind, NodeStats, ServiceMap, TimeRange, Timestamp,
    };

    fn graph(names: &[String], calls: u64) -> Graph {
        let stats = NodeStats { calls, durations: DurationHistogram::default(), ..NodeStats::default() };
        let node = |name: &String| Node::new(NodeKind::Service, name);
        let nodes = names
            .iter()
            .map(|name| MapNode { node: node(name), seen: false, team: None, stats: stats.clone(), bill: None })
            .collect();
        let edges = names.windows(2).map(|two| MapEdge {
            from: node(&two[0]),
            to: node(&two[1]),
            way: Default::default(),
            stats: stats.clone(),
        });
        let range = TimeRange { from: Timestamp::EPOCH, to: Timestamp::from_millis(1) };
        Graph::whole(&ServiceMap {
            range,
            nodes,
            edges: edges.collect(),
            entries: stats.clone(),
            bins: vec![],
            ..ServiceMap::default()
        })
    }

    #[tokio::test]
    async fn new_numbers_find_the_old_layout() {
        let layouts = Layouts::default();
        let names = ["a".to_owned(), "b".to_owned()];
        let first = layouts.of(&graph(&names, 1)).await;
        assert!(Arc::ptr_eq(&first, &layouts.of(&graph(&names, 999)).await));
        assert_eq!(first.nodes.len(), 2);
    }

    #[tokio::test]
    async fn only_so_many_are_kept() {
        let layouts = Layouts::default();
        for one in 0..KEPT + 5 {
            layouts.of(&graph(&[format!("service {one}")], 1)).await;
        }
        assert_eq!(layouts.known.lock().unwrap().len(), KEPT);
    }
}
