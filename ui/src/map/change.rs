//! What changed on the map since an earlier time as long: nodes and edges that appeared, vanished, or do otherwise.

use coldlight_model::money::Usd;
use coldlight_model::{Bill, NodeStats};

use super::money::is_priced;
use super::{Graph, GraphEdge, GraphNode};
use crate::format::{NOT_APPLICABLE, duration, rate, share, usd};
use crate::text;

/// Rows of the list.
const ROWS: usize = 20;
/// With fewer calls on both sides a share or a percentile is chance.
const ENOUGH: u64 = 20;
/// Durations are known within 9 %: what differs by less is not said.
const WITHIN: f64 = 0.12;
/// Points of a share below which it is said to be the same.
const POINTS: f64 = 0.005;

/// What became of a node or an edge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    #[default]
    Stayed,
    New,
    Gone,
}

/// The earlier numbers of a node or an edge.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Before {
    pub stats: NodeStats,
    pub bill: Option<Bill>,
}

/// The list of changes, the largest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    pub rows: Vec<Row>,
    /// Changes beyond those listed.
    pub more: usize,
}

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub id: String,
    /// Its panel.
    pub href: String,
    pub name: String,
    /// `new`, `gone` or what changed: `faults +3.1 pts`.
    pub words: String,
    pub fate: &'static str,
    /// Rate, faults, p95, cost an hour: before and now. `None` where neither has one.
    pub cells: [Option<(String, String)>; 4],
}

/// Numbers of one side, as the list compares them.
struct Numbers<'a> {
    stats: &'a NodeStats,
    cost: Option<Usd>,
}

impl<'a> Numbers<'a> {
    fn of(stats: &'a NodeStats, bill: Option<&Bill>) -> Self {
        let spent = bill.map(|bill| &bill.spent).filter(|spent| is_priced(spent));
        Self { stats, cost: spent.map(coldlight_model::Spent::total) }
    }

    /// Of its calls.
    fn share(&self, count: u64) -> f64 {
        if self.stats.calls == 0 { 0.0 } else { count as f64 / self.stats.calls as f64 }
    }

    fn p95(&self) -> Option<u64> {
        self.stats.durations.quantile(0.95)
    }
}

/// One thing that may have changed: how much, and in words.
struct Shift {
    size: f64,
    words: String,
}

fn shifts(before: &Numbers, now: &Numbers) -> Vec<Shift> {
    let (calls, were) = (now.stats.calls, before.stats.calls);
    let mut found = Vec::new();
    if calls.max(were) < ENOUGH {
        return found;
    }
    let ratio = (calls as f64 + 1.0) / (were as f64 + 1.0);
    if ratio.ln().abs() > WITHIN {
        found.push(Shift { size: ratio.ln().abs() * 0.5, words: format!("rate {}", times(ratio)) });
    }
    if calls.min(were) >= ENOUGH {
        for (what, of) in [("faults", now.stats.faults), ("throttled", now.stats.throttles)] {
            let were = if what == "faults" { before.stats.faults } else { before.stats.throttles };
            let points = now.share(of) - before.share(were);
            if points.abs() >= POINTS {
                found
                    .push(Shift { size: points.abs() * 20.0, words: format!("{what} {} pts", signed(points * 100.0)) });
            }
        }
        if let (Some(p95), Some(was)) = (now.p95(), before.p95()) {
            let ratio = p95.max(1) as f64 / was.max(1) as f64;
            if ratio.ln().abs() > WITHIN {
                let sign = if p95 > was { "+" } else { "−" };
                let words = format!("p95 {sign}{}", duration(p95.abs_diff(was)));
                found.push(Shift { size: ratio.ln().abs(), words });
            }
        }
    }
    if let (Some(cost), Some(was)) = (now.cost, before.cost)
        && cost != was
        && was > Usd::ZERO
    {
        let ratio = cost.attos() as f64 / was.attos() as f64;
        if ratio > 0.0 && ratio.ln().abs() > WITHIN {
            found.push(Shift { size: ratio.ln().abs() * 0.8, words: format!("cost {}", times(ratio)) });
        }
    }
    found.sort_by(|a, b| b.size.total_cmp(&a.size));
    found
}

/// `+23%`, `−40%`, `×3.2`.
fn times(ratio: f64) -> String {
    if ratio >= 2.0 { format!("×{ratio:.1}") } else { format!("{}%", signed((ratio - 1.0) * 100.0)) }
}

fn signed(value: f64) -> String {
    let digits = usize::from(value.abs() < 9.95);
    format!("{}{:.digits$}", if value < 0.0 { "−" } else { "+" }, value.abs())
}

/// The largest change of a node in few words, for the corner of its card.
pub fn corner(node: &GraphNode) -> Option<String> {
    match (node.fate, &node.before) {
        (Fate::New, _) => Some("new".to_owned()),
        (Fate::Gone, _) => Some("gone".to_owned()),
        (Fate::Stayed, Some(before)) => {
            let now = Numbers::of(&node.stats, node.bill.as_ref());
            let before = Numbers::of(&before.stats, before.bill.as_ref());
            shifts(&before, &now).into_iter().next().map(|shift| shift.words)
        }
        _ => None,
    }
}

/// As [`corner`], for the label of an edge.
pub fn label(edge: &GraphEdge) -> Option<String> {
    match (edge.fate, &edge.before) {
        (Fate::New, _) => Some("new".to_owned()),
        (Fate::Gone, _) => Some("gone".to_owned()),
        (Fate::Stayed, Some(before)) => {
            let before = Numbers::of(&before.stats, None);
            shifts(&before, &Numbers::of(&edge.stats, None)).into_iter().next().map(|shift| shift.words)
        }
        _ => None,
    }
}

/// Changes of the nodes and edges of a graph. `per_second` and `per_hour` are those of the map.
pub fn changes(graph: &Graph, per_second: &dyn Fn(u64) -> f64, per_hour: &dyn Fn(Usd) -> Option<Usd>) -> Changes {
    let nothing = Before::default();
    let nodes = graph.nodes.iter().map(|node| {
        let name = text::named(&node.name, 60);
        (node.id.clone(), name, node.fate, node.before.as_ref(), &node.stats, node.bill.as_ref())
    });
    let edges = graph.edges.iter().map(|edge| {
        let end = |at: usize| text::named(&graph.nodes[at].name, 30);
        let name = format!("{} → {}", end(edge.from), end(edge.to));
        (edge.id.clone(), name, edge.fate, edge.before.as_ref(), &edge.stats, None)
    });
    let mut found: Vec<(f64, Row)> = Vec::new();
    for (id, name, fate, before, stats, bill) in nodes.chain(edges) {
        let before = match (fate, before) {
            (Fate::Stayed, None) => continue,
            (_, before) => before.unwrap_or(&nothing),
        };
        let (was, now) = (Numbers::of(&before.stats, before.bill.as_ref()), Numbers::of(stats, bill));
        let (size, word, words) = match fate {
            Fate::New => (10.0 + (stats.calls as f64 + 1.0).ln(), "new", "new".to_owned()),
            Fate::Gone => (10.0 + (before.stats.calls as f64 + 1.0).ln(), "gone", "gone".to_owned()),
            Fate::Stayed => {
                let shifts = shifts(&was, &now);
                let Some(largest) = shifts.first() else { continue };
                let words: Vec<&str> = shifts.iter().map(|shift| shift.words.as_str()).collect();
                (largest.size, "", words.join(", "))
            }
        };
        let hourly = |cost: Option<Usd>| match cost.and_then(per_hour) {
            Some(cost) => format!("{}/h", usd(cost)),
            None => NOT_APPLICABLE.to_owned(),
        };
        let both = |of: &dyn Fn(&Numbers) -> String| {
            let side = |numbers: &Numbers| {
                if numbers.stats.calls == 0 { NOT_APPLICABLE.to_owned() } else { of(numbers) }
            };
            let sides = (side(&was), side(&now));
            (sides.0 != NOT_APPLICABLE || sides.1 != NOT_APPLICABLE).then_some(sides)
        };
        let cells = [
            both(&|numbers| rate(per_second(numbers.stats.calls))),
            both(&|numbers| share(numbers.stats.faults, numbers.stats.calls)),
            both(&|numbers| numbers.p95().map_or_else(|| NOT_APPLICABLE.to_owned(), duration)),
            both(&|numbers| hourly(numbers.cost)),
        ];
        found.push((size, Row { id, href: String::new(), name, words, fate: word, cells }));
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.id.cmp(&b.1.id)));
    let more = found.len().saturating_sub(ROWS);
    Changes { rows: found.into_iter().take(ROWS).map(|(_, row)| row).collect(), more }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldlight_model::{MapEdge, MapNode, Node, NodeKind, ServiceMap, Way};

    fn stats(calls: u64, faults: u64, bucket: i32) -> NodeStats {
        let mut stats = NodeStats { calls, faults, ..NodeStats::default() };
        stats.durations.add(bucket, calls);
        stats
    }

    fn map(nodes: &[(&str, NodeStats)], edges: &[(&str, &str)]) -> ServiceMap {
        let node = |name: &str| Node::new(NodeKind::Lambda, name);
        ServiceMap {
            nodes: nodes
                .iter()
                .map(|(name, stats)| MapNode {
                    node: node(name),
                    seen: false,
                    team: None,
                    stats: stats.clone(),
                    bill: None,
                })
                .collect(),
            edges: edges
                .iter()
                .map(|(from, to)| MapEdge { from: node(from), to: node(to), way: Way::Sync, stats: stats(50, 0, 160) })
                .collect(),
            ..ServiceMap::default()
        }
    }

    fn compared() -> Graph {
        let earlier = map(
            &[("a", stats(100, 0, 160)), ("b", stats(100, 0, 160)), ("old", stats(70, 0, 160))],
            &[("a", "b"), ("a", "old")],
        );
        let now = map(
            &[("a", stats(104, 0, 160)), ("b", stats(100, 30, 176)), ("fresh", stats(9, 0, 160))],
            &[("a", "b"), ("b", "fresh")],
        );
        Graph::whole(&ServiceMap { earlier: Some(Box::new(earlier)), ..now })
    }

    #[test]
    fn what_appeared_vanished_and_changed_is_on_the_map_and_in_the_list() {
        let graph = compared();
        let fates: Vec<(&str, Fate)> = graph.nodes.iter().map(|node| (node.name.as_str(), node.fate)).collect();
        assert_eq!(fates, [("a", Fate::Stayed), ("b", Fate::Stayed), ("fresh", Fate::New), ("old", Fate::Gone)]);
        assert_eq!(graph.edges.len(), 3);
        let changes = changes(&graph, &|calls| calls as f64 / 3600.0, &|usd| Some(usd));
        let told: Vec<(&str, &str)> = changes.rows.iter().map(|row| (row.name.as_str(), row.words.as_str())).collect();
        assert_eq!(
            told,
            [
                ("old", "gone"),
                ("a → old", "gone"),
                ("b → fresh", "new"),
                ("fresh", "new"),
                ("b", "faults +30 pts, p95 +3.4 ms")
            ]
        );
        assert_eq!(changes.rows[4].cells[1], Some(("0%".to_owned(), "30.0%".to_owned())));
        assert_eq!(corner(&graph.nodes[0]), None, "4% more calls are no news");
    }

    #[test]
    fn the_same_map_twice_has_no_changes() {
        let once = map(&[("a", stats(100, 1, 160))], &[]);
        let graph = Graph::whole(&ServiceMap { earlier: Some(Box::new(once.clone())), ..once });
        assert_eq!(changes(&graph, &|_| 0.0, &|usd| Some(usd)), Changes::default());
    }

    #[test]
    fn changes_are_said_with_their_sign() {
        assert_eq!([times(1.234), times(0.6), times(3.21)], ["+23%", "−40%", "×3.2"]);
        assert_eq!([signed(-0.5), signed(30.04)], ["−0.5", "+30"]);
    }
}
