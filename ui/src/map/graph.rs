//! What the map draws: the nodes and edges of a `ServiceMap`, narrowed to a focus or gathered by kind.
//!
//! Nodes stand in the order of their ids, edges in the order of their ends and way. Positions in these lists are how
//! layout, cards and arrows refer to each other, so the same set of nodes and edges always has the same order.

use std::collections::BTreeMap;

use coldlight_model::{Bill, EdgeStats, MapEdge, Node, NodeKind, NodeStats, ServiceMap, Way};

use super::change::{Before, Fate};
use crate::hash::fnv;
use crate::text;

/// Above this a drawing is no longer read, and laying it out takes too long; nodes are gathered by kind instead.
pub const MAX_DRAWN_NODES: usize = 150;
/// The same for edges: more than this between 150 nodes are a hairball, and take seconds to lay out.
pub const MAX_DRAWN_EDGES: usize = 300;

/// Ids are longer only where somebody sends a document as a name.
const MAX_ID: usize = 160;

/// What nodes are gathered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    Kind,
    /// Who owns them; those of nobody stand with their kind.
    Team,
}

impl Grouping {
    /// The word in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::Team => "team",
        }
    }

    /// The id of the group that a node belongs to.
    pub fn of(self, node: &GraphNode) -> String {
        match (self, &node.team) {
            (Self::Team, Some(team)) => short_id(&format!("group:team:{team}")),
            _ => format!("group:{}", node.kind.name()),
        }
    }
}

/// A map as drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    pub nodes: Vec<GraphNode>,
    pub edges: Vec<GraphEdge>,
    /// Each node stands for all nodes of its kind, or of its team.
    pub grouped: Option<Grouping>,
    /// Nodes of the map that the focus leaves out.
    pub hidden: usize,
    /// Edges that are not drawn because there are too many.
    pub undrawn_edges: usize,
}

/// A node, or a group of one kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GraphNode {
    /// For addresses and `data-id`: the model's id, or where that is very long or not plain text, a beginning and a hash.
    pub id: String,
    pub kind: NodeKind,
    pub name: String,
    pub seen: bool,
    /// Who owns it.
    pub team: Option<String>,
    pub stats: NodeStats,
    /// Of functions, and of groups that have some.
    pub bill: Option<Bill>,
    /// How many nodes a group stands for; 1 for a node.
    pub members: usize,
    /// Since the earlier time, where the map has one.
    pub fate: Fate,
    pub before: Option<Before>,
}

/// An edge between two positions of [`Graph::nodes`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GraphEdge {
    pub id: String,
    pub from: usize,
    pub to: usize,
    pub way: Way,
    pub stats: EdgeStats,
    pub fate: Fate,
    pub before: Option<Before>,
}

impl Graph {
    /// Every node and edge, and where the map is compared with an earlier time also what there was then.
    pub fn whole(map: &ServiceMap) -> Self {
        match &map.earlier {
            // Beside nothing, everything would be new.
            Some(earlier) if !earlier.is_empty() => Self::of(map).since(Self::of(earlier)),
            _ => Self::of(map),
        }
    }

    /// With the earlier numbers beside those of now, and what is gone.
    fn since(self, earlier: Self) -> Self {
        let ends = |graph: &Self, edge: &GraphEdge| {
            (graph.nodes[edge.from].id.clone(), graph.nodes[edge.to].id.clone(), edge.way)
        };
        let mut edges = BTreeMap::new();
        for edge in &self.edges {
            edges.insert(ends(&self, edge), GraphEdge { fate: Fate::New, ..edge.clone() });
        }
        for edge in &earlier.edges {
            let before = Some(Before { stats: edge.stats.clone(), bill: None });
            edges
                .entry(ends(&earlier, edge))
                .and_modify(|now| (now.fate, now.before) = (Fate::Stayed, before.clone()))
                .or_insert_with(|| GraphEdge { stats: EdgeStats::default(), fate: Fate::Gone, before, ..edge.clone() });
        }
        let mut nodes: BTreeMap<String, GraphNode> =
            self.nodes.into_iter().map(|node| (node.id.clone(), GraphNode { fate: Fate::New, ..node })).collect();
        for node in earlier.nodes {
            let before = Some(Before { stats: node.stats.clone(), bill: node.bill.clone() });
            nodes
                .entry(node.id.clone())
                .and_modify(|now| (now.fate, now.before) = (Fate::Stayed, before.clone()))
                .or_insert_with(|| GraphNode {
                    stats: NodeStats::default(),
                    bill: None,
                    fate: Fate::Gone,
                    before,
                    ..node
                });
        }
        let at: BTreeMap<&str, usize> = nodes.keys().enumerate().map(|(at, id)| (id.as_str(), at)).collect();
        let edges = edges
            .into_iter()
            .map(|((from, to, _), edge)| GraphEdge { from: at[from.as_str()], to: at[to.as_str()], ..edge })
            .collect();
        Self { edges, nodes: nodes.into_values().collect(), ..Self::default() }
    }

    /// What one map has. An edge whose end is no node of the map brings that end with it, known from its callers.
    fn of(map: &ServiceMap) -> Self {
        let mut nodes: BTreeMap<String, GraphNode> = BTreeMap::new();
        for node in &map.nodes {
            nodes
                .entry(node.node.id())
                .and_modify(|known| {
                    known.stats.merge(&node.stats);
                    known.seen &= node.seen;
                    add_bill(&mut known.bill, node.bill.as_ref());
                })
                .or_insert_with(|| GraphNode {
                    bill: node.bill.clone(),
                    team: node.team.clone(),
                    ..graph_node(&node.node, node.seen, node.stats.clone())
                });
        }
        let known: std::collections::HashSet<String> = nodes.keys().cloned().collect();
        for MapEdge { from, to, stats, .. } in &map.edges {
            for (end, seen_stats) in [(from, NodeStats::default()), (to, stats.clone())] {
                if !known.contains(&end.id()) {
                    let node = nodes.entry(end.id()).or_insert_with(|| graph_node(end, true, NodeStats::default()));
                    node.stats.merge(&seen_stats);
                }
            }
        }
        let at: BTreeMap<&str, usize> = nodes.keys().enumerate().map(|(at, id)| (id.as_str(), at)).collect();
        let mut edges: BTreeMap<(usize, usize, Way), EdgeStats> = BTreeMap::new();
        for edge in &map.edges {
            let ends = (at[edge.from.id().as_str()], at[edge.to.id().as_str()], edge.way);
            edges.entry(ends).or_default().merge(&edge.stats);
        }
        let nodes: Vec<GraphNode> = nodes.into_values().collect();
        let edges =
            edges.into_iter().map(|((from, to, way), stats)| graph_edge(&nodes, from, to, way, stats)).collect();
        Self { nodes, edges, ..Self::default() }
    }

    /// The node at `focus` and what is at most `hops` edges away from it, in either direction; all when it is not here.
    pub fn around(self, focus: &str, hops: u8) -> Self {
        let Some(start) = self.position(focus) else { return self };
        let mut distance = vec![u8::MAX; self.nodes.len()];
        distance[start] = 0;
        for hop in 0..hops {
            let reached = distance.clone();
            for edge in &self.edges {
                for (near, far) in [(edge.from, edge.to), (edge.to, edge.from)] {
                    if reached[near] == hop && distance[far] == u8::MAX {
                        distance[far] = hop + 1;
                    }
                }
            }
        }
        self.keep(|at| distance[at] != u8::MAX)
    }

    fn keep(self, kept: impl Fn(usize) -> bool) -> Self {
        let mut moved = vec![None; self.nodes.len()];
        let mut nodes = Vec::new();
        let all = self.nodes.len();
        for (at, node) in self.nodes.into_iter().enumerate() {
            if kept(at) {
                moved[at] = Some(nodes.len());
                nodes.push(node);
            }
        }
        let edges = self
            .edges
            .into_iter()
            .filter_map(|edge| Some(GraphEdge { from: moved[edge.from]?, to: moved[edge.to]?, ..edge }));
        Self { edges: edges.collect(), hidden: self.hidden + all - nodes.len(), nodes, ..Self::default() }
    }

    /// Too large to be drawn node by node.
    pub fn is_too_large(&self) -> bool {
        self.nodes.len() > MAX_DRAWN_NODES || self.edges.len() > MAX_DRAWN_EDGES
    }

    /// One node per kind or team, with the numbers of all its members.
    pub fn grouped(self, by: Grouping) -> Self {
        let mut groups: BTreeMap<String, GraphNode> = BTreeMap::new();
        for node in &self.nodes {
            let id = by.of(node);
            let team = node.team.as_ref().filter(|_| by == Grouping::Team);
            let group = groups.entry(id.clone()).or_insert_with(|| GraphNode {
                id,
                kind: node.kind,
                team: team.cloned(),
                seen: true,
                ..GraphNode::default()
            });
            group.members += 1;
            group.seen &= node.seen;
            group.stats.merge(&node.stats);
            add_bill(&mut group.bill, node.bill.as_ref());
        }
        let at: BTreeMap<&str, usize> = groups.keys().enumerate().map(|(at, id)| (id.as_str(), at)).collect();
        let mut edges: BTreeMap<(usize, usize, Way), EdgeStats> = BTreeMap::new();
        for edge in &self.edges {
            let end = |node: usize| at[by.of(&self.nodes[node]).as_str()];
            edges.entry((end(edge.from), end(edge.to), edge.way)).or_default().merge(&edge.stats);
        }
        let named = |mut group: GraphNode| {
            group.name = match &group.team {
                Some(team) => format!("{team}: {}", crate::format::count(group.members as u64)),
                None => format!("{} {}", crate::format::count(group.members as u64), plural(group.kind)),
            };
            group
        };
        let nodes: Vec<GraphNode> = groups.into_values().map(named).collect();
        let undrawn_edges = edges.len().saturating_sub(MAX_DRAWN_EDGES);
        let edges = edges
            .into_iter()
            .take(MAX_DRAWN_EDGES)
            .map(|((from, to, way), stats)| graph_edge(&nodes, from, to, way, stats))
            .collect();
        Self { nodes, edges, grouped: Some(by), hidden: self.hidden, undrawn_edges }
    }

    pub fn position(&self, id: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.id == id)
    }

    pub fn edge_position(&self, id: &str) -> Option<usize> {
        self.edges.iter().position(|edge| edge.id == id)
    }
}

fn add_bill(sum: &mut Option<Bill>, more: Option<&Bill>) {
    let Some(more) = more else { return };
    match sum {
        Some(sum) => sum.merge(more),
        None => *sum = Some(more.clone()),
    }
}

fn graph_node(node: &Node, seen: bool, stats: NodeStats) -> GraphNode {
    GraphNode {
        id: short_id(&node.id()),
        kind: node.kind,
        name: node.name.clone(),
        seen,
        stats,
        members: 1,
        ..GraphNode::default()
    }
}

fn graph_edge(nodes: &[GraphNode], from: usize, to: usize, way: Way, stats: EdgeStats) -> GraphEdge {
    let id = format!("{}>{}@{}", nodes[from].id, nodes[to].id, way.name());
    GraphEdge { id, from, to, way, stats, ..GraphEdge::default() }
}

/// `id`, or where it is longer than an address bears or holds control characters, its beginning and a hash of all of it.
fn short_id(id: &str) -> String {
    if id.len() <= MAX_ID && text::cut(id, MAX_ID) == id {
        return id.to_owned();
    }
    format!("{}~{:016x}", text::cut(id, 40), fnv(id.as_bytes()))
}

/// Several nodes of one kind.
pub fn plural(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Service => "services",
        NodeKind::Lambda => "functions",
        NodeKind::Ecs => "ECS services",
        NodeKind::Eks => "EKS services",
        NodeKind::Ec2 => "EC2 services",
        NodeKind::Client => "clients",
        NodeKind::ApiGateway => "API gateways",
        NodeKind::Alb => "load balancers",
        NodeKind::FunctionUrl => "function URLs",
        NodeKind::Sqs => "SQS queues",
        NodeKind::Sns => "SNS topics",
        NodeKind::EventBridge => "event buses",
        NodeKind::Scheduler => "schedules",
        NodeKind::Kinesis => "streams",
        NodeKind::DynamoDb => "DynamoDB tables",
        NodeKind::S3 => "S3 buckets",
        NodeKind::StepFunctions => "state machines",
        NodeKind::Database => "databases",
        NodeKind::Cache => "caches",
        NodeKind::Messaging => "queues",
        NodeKind::Aws => "AWS services",
        NodeKind::External => "hosts outside",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldlight_model::{MapNode, TimeRange, Timestamp};

    fn map(names: &[&str], edges: &[(&str, &str)]) -> ServiceMap {
        let node = |name: &str| Node::new(NodeKind::Lambda, name);
        let stats = NodeStats { calls: 2, ..NodeStats::default() };
        ServiceMap {
            range: TimeRange { from: Timestamp::EPOCH, to: Timestamp::from_millis(1000) },
            nodes: names
                .iter()
                .map(|name| MapNode { node: node(name), seen: false, team: None, stats: stats.clone(), bill: None })
                .collect(),
            edges: edges
                .iter()
                .map(|(from, to)| MapEdge { from: node(from), to: node(to), way: Way::Sync, stats: stats.clone() })
                .collect(),
            ..ServiceMap::default()
        }
    }

    fn names(graph: &Graph) -> Vec<&str> {
        graph.nodes.iter().map(|node| node.name.as_str()).collect()
    }

    #[test]
    fn an_edge_to_nowhere_brings_its_end() {
        let graph = Graph::whole(&map(&["a"], &[("a", "b"), ("c", "b")]));
        assert_eq!(names(&graph), ["a", "b", "c"]);
        assert!(graph.nodes[1].seen);
        assert_eq!(graph.nodes[1].stats.calls, 4, "known from both of its callers");
        assert_eq!(graph.edges[0].id, "service:a>service:b@sync");
    }

    #[test]
    fn the_order_of_the_answer_does_not_matter() {
        let one = Graph::whole(&map(&["a", "b", "c"], &[("a", "b"), ("b", "c")]));
        let other = Graph::whole(&map(&["c", "b", "a"], &[("b", "c"), ("a", "b")]));
        assert_eq!(one, other);
    }

    #[test]
    fn a_focus_keeps_what_is_near_in_either_direction() {
        let chain = map(&["a", "b", "c", "d", "e"], &[("a", "b"), ("b", "c"), ("c", "d"), ("d", "e")]);
        let one = Graph::whole(&chain).around("service:c", 1);
        assert_eq!(names(&one), ["b", "c", "d"]);
        assert_eq!((one.edges.len(), one.hidden), (2, 2));
        assert_eq!(names(&Graph::whole(&chain).around("service:c", 2)).len(), 5);
        assert_eq!(names(&Graph::whole(&chain).around("service:gone", 1)).len(), 5);
    }

    #[test]
    fn groups_add_up() {
        let graph = Graph::whole(&map(&["a", "b", "c"], &[("a", "b"), ("b", "c")])).grouped(Grouping::Kind);
        assert_eq!(names(&graph), ["3 functions"]);
        assert_eq!((graph.nodes[0].stats.calls, graph.nodes[0].members), (6, 3));
        assert_eq!((graph.edges.len(), graph.edges[0].stats.calls), (1, 4));
        assert_eq!(graph.grouped, Some(Grouping::Kind));
        let mut owned = map(&["a", "b", "c"], &[("a", "b"), ("b", "c")]);
        owned.nodes[0].team = Some("shop".into());
        owned.nodes[1].team = Some("shop".into());
        let graph = Graph::whole(&owned).grouped(Grouping::Team);
        assert_eq!(names(&graph), ["1 functions", "shop: 2"]);
        assert_eq!(graph.edges.iter().map(|edge| edge.stats.calls).collect::<Vec<_>>(), [2, 2]);
    }

    #[test]
    fn a_name_of_64_kb_has_a_short_id_of_its_own() {
        let long = "é".repeat(32_768);
        let other = format!("{long}x");
        let graph = Graph::whole(&map(&[&long, &other], &[]));
        assert!(graph.nodes.iter().all(|node| node.id.len() <= MAX_ID));
        assert_ne!(graph.nodes[0].id, graph.nodes[1].id);
    }
}
