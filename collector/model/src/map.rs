//! The service map as an answer: nodes, edges and what went over them.

use crate::money::Usd;
use crate::sampling::Sampled;
use crate::{DurationHistogram, Nanos, Node, QueueFlow, Spent, TimeRange, Timestamp, Way};

/// What called what in a range of time.
#[derive(Clone, Debug, Default, PartialEq)]
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
    /// What all invocations cost, also of functions that sent no spans and so are no node.
    pub spent: Spent,
    /// Traces whose root says that it stands for more.
    pub sampled: Sampled,
    /// Where a filter is set: of how many traces all this is.
    pub narrowed: Option<Narrowed>,
    /// The same of an earlier time as long, to be compared with.
    pub earlier: Option<Box<Self>>,
    /// More about one edge, where it was asked for.
    pub carried: Option<Carried>,
    /// What went through queues, topics, buses and streams, where it was asked for.
    pub queues: Vec<QueueFlow>,
}

/// What the calls of one edge carried, how often they were made again, and what they cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Spans of the edge.
    pub calls: u64,
    /// Of them, those that say how many messages or records they carried, how many those were, and the most in one.
    pub batches: u64,
    pub messages: u64,
    pub most: u64,
    /// Calls that were made again, and how often in all.
    pub retried: u64,
    pub retries: u64,
    /// The invocations that they set going, and what AWS bills for the calls themselves. Each invocation is of one edge, so that those
    /// that lead to a function are of what it cost. Containers are not in it: a request is a share of its task, not of an edge.
    pub spent: Spent,
}

/// The traces that a filter finds, and how many of them a map is made of: the newest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Narrowed {
    pub traces: u64,
    pub of: u64,
}

/// One thing on the map.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MapNode {
    pub node: Node,
    /// Known only from its callers: it sends no spans, and its durations are what they saw.
    pub seen: bool,
    /// Who owns it, where its sender says so.
    pub team: Option<String>,
    pub stats: NodeStats,
    /// Of a function.
    pub bill: Option<Bill>,
}

/// A function's invocations and what they cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bill {
    pub spent: Spent,
    /// Median and 95th percentile of what first invocations waited for: init, or restore.
    pub init: Option<(Nanos, Nanos)>,
}

impl Bill {
    pub fn merge(&mut self, other: &Self) {
        self.spent.add(&other.spent);
        // Quantiles of two have no quantile of both.
        self.init = None;
    }
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

/// Requests from outside in one slice of time, and the invocations that began in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EntryBin {
    pub from: Timestamp,
    pub stats: NodeStats,
    pub spent: Spent,
}

impl ServiceMap {
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Whether there is an earlier time with something in it.
    pub fn is_compared(&self) -> bool {
        self.earlier.as_ref().is_some_and(|earlier| !earlier.is_empty())
    }

    /// `count` in the range as a rate per second.
    pub fn per_second(&self, count: u64) -> f64 {
        let seconds = self.range.length() as f64 / 1e9;
        if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
    }

    /// What was spent in the range as a sum per hour; `None` beyond what money can be.
    pub fn per_hour(&self, amount: Usd) -> Option<Usd> {
        amount.times(3_600_000_000_000, self.range.length().max(1).into())
    }

    /// The length of a slice of [`ServiceMap::bins`].
    pub fn bin_length(&self) -> Nanos {
        self.range.length() / (self.bins.len().max(1) as u64)
    }
}
