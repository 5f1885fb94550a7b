//! The service map as an answer: nodes, edges and what went over them.

use crate::{DurationHistogram, Nanos, Node, TimeRange, Timestamp, Way};

/// What called what in a range of time.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceMap {
    pub range: TimeRange,
    /// By id.
    pub nodes: Vec<MapNode>,
    /// By the ids of their ends, then way.
    pub edges: Vec<MapEdge>,
    /// Requests that came in from outside: the KPI strip.
    pub entries: NodeStats,
    /// The same over time, equally long slices, ascending.
    pub bins: Vec<EntryBin>,
}

/// One thing on the map.
#[derive(Clone, Debug, PartialEq)]
pub struct MapNode {
    pub node: Node,
    /// Known only from its callers: it sends no spans, and its durations are what they saw.
    pub seen: bool,
    pub stats: NodeStats,
}

/// Requests served (or seen by callers) and how they went.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeStats {
    pub calls: u64,
    pub errors: u64,
    pub faults: u64,
    pub throttles: u64,
    pub durations: DurationHistogram,
}

impl NodeStats {
    /// Calls that went well.
    pub fn ok(&self) -> u64 {
        self.calls.saturating_sub(self.errors + self.faults + self.throttles)
    }

    pub fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.errors += other.errors;
        self.faults += other.faults;
        self.throttles += other.throttles;
        self.durations.merge(&other.durations);
    }
}

/// The same numbers of an edge: durations are those the caller saw; of async and poll edges, the lag from send to start
/// where both ends are known.
pub type EdgeStats = NodeStats;

/// One arrow.
#[derive(Clone, Debug, PartialEq)]
pub struct MapEdge {
    pub from: Node,
    pub to: Node,
    pub way: Way,
    pub stats: EdgeStats,
}

/// Requests from outside in one slice of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EntryBin {
    pub from: Timestamp,
    pub stats: NodeStats,
}

impl ServiceMap {
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// `count` in the range as a rate per second.
    pub fn per_second(&self, count: u64) -> f64 {
        let seconds = self.range.length() as f64 / 1e9;
        if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
    }

    /// The length of a slice of [`ServiceMap::bins`].
    pub fn bin_length(&self) -> Nanos {
        self.range.length() / (self.bins.len().max(1) as u64)
    }
}
