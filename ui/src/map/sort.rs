//! The order of the table below the map.

use std::cmp::Ordering;

use super::GraphNode;
use super::money::is_priced;
use crate::format::per_million;

/// A column that the table can be sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Column {
    Name,
    Kind,
    #[default]
    Calls,
    Faults,
    Errors,
    Throttles,
    P50,
    P95,
    Cold,
    Cost,
    PerMillion,
}

impl Column {
    pub const ALL: [Self; 11] = [
        Self::Name,
        Self::Kind,
        Self::Calls,
        Self::Faults,
        Self::Errors,
        Self::Throttles,
        Self::P50,
        Self::P95,
        Self::Cold,
        Self::Cost,
        Self::PerMillion,
    ];

    /// The word in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Kind => "kind",
            Self::Calls => "calls",
            Self::Faults => "faults",
            Self::Errors => "errors",
            Self::Throttles => "throttles",
            Self::P50 => "p50",
            Self::P95 => "p95",
            Self::Cold => "cold",
            Self::Cost => "cost",
            Self::PerMillion => "permillion",
        }
    }

    /// The column's head.
    pub fn label(self) -> &'static str {
        match self {
            Self::Name => "Name",
            Self::Kind => "Runs on",
            Self::Calls => "Rate",
            Self::Faults => "Faults",
            Self::Errors => "Errors",
            Self::Throttles => "Throttles",
            Self::P50 => "p50",
            Self::P95 => "p95",
            Self::Cold => "Cold",
            Self::Cost => "Cost",
            Self::PerMillion => "$ per million",
        }
    }

    pub fn is_text(self) -> bool {
        matches!(self, Self::Name | Self::Kind)
    }
}

/// A column and its direction: text begins with A, numbers with the largest, unless reversed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sort {
    pub column: Column,
    pub is_reversed: bool,
}

impl Sort {
    /// `calls`, or `-calls` for the other direction.
    pub fn from_word(word: &str) -> Option<Self> {
        let (is_reversed, name) = match word.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, word),
        };
        let column = Column::ALL.into_iter().find(|column| column.name() == name)?;
        Some(Self { column, is_reversed })
    }

    pub fn word(self) -> String {
        format!("{}{}", if self.is_reversed { "-" } else { "" }, self.column.name())
    }

    pub fn is_ascending(self) -> bool {
        self.column.is_text() != self.is_reversed
    }

    /// The order of two nodes; equal ones stand by id, so that it is total.
    pub fn compare(self, a: &GraphNode, b: &GraphNode) -> Ordering {
        let ratio = |part: u64, node: &GraphNode| {
            if node.stats.calls == 0 { 0.0 } else { part as f64 / node.stats.calls as f64 }
        };
        let quantile = |q: f64, node: &GraphNode| node.stats.durations.quantile(q).unwrap_or(0);
        let cold = |node: &GraphNode| {
            let spent = node.bill.as_ref().map(|bill| &bill.spent).filter(|spent| spent.invocations > 0);
            spent.map_or(-1.0, |spent| spent.cold as f64 / spent.invocations as f64)
        };
        let priced = |node: &GraphNode| {
            let spent = node.bill.as_ref().map(|bill| &bill.spent).filter(|spent| is_priced(spent))?;
            Some((spent.total(), spent.priced()))
        };
        let cost = |node: &GraphNode| priced(node).map(|(total, _)| total);
        let millionth = |node: &GraphNode| priced(node).and_then(|(total, count)| per_million(total, count));
        let ascending = match self.column {
            Column::Name => a.name.to_lowercase().cmp(&b.name.to_lowercase()),
            Column::Kind => a.kind.label().cmp(b.kind.label()),
            Column::Calls => a.stats.calls.cmp(&b.stats.calls),
            Column::Faults => ratio(a.stats.faults, a).total_cmp(&ratio(b.stats.faults, b)),
            Column::Errors => ratio(a.stats.errors, a).total_cmp(&ratio(b.stats.errors, b)),
            Column::Throttles => ratio(a.stats.throttles, a).total_cmp(&ratio(b.stats.throttles, b)),
            Column::P50 => quantile(0.5, a).cmp(&quantile(0.5, b)),
            Column::P95 => quantile(0.95, a).cmp(&quantile(0.95, b)),
            // Nodes without invocations stand behind those that have some.
            Column::Cold => cold(a).total_cmp(&cold(b)),
            Column::Cost => cost(a).cmp(&cost(b)),
            Column::PerMillion => millionth(a).cmp(&millionth(b)),
        };
        let ordered = if self.is_ascending() { ascending } else { ascending.reverse() };
        ordered.then_with(|| a.id.cmp(&b.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldlight_model::NodeStats;

    fn node(name: &str, calls: u64, faults: u64) -> GraphNode {
        let stats = NodeStats { calls, faults, ..NodeStats::default() };
        GraphNode { id: name.into(), name: name.into(), stats, ..GraphNode::default() }
    }

    #[track_caller]
    fn check(word: &str, expected: [&str; 3]) {
        let mut nodes = [node("b", 10, 5), node("A", 10, 0), node("c", 99, 9)];
        let sort = Sort::from_word(word).unwrap();
        nodes.sort_by(|a, b| sort.compare(a, b));
        assert_eq!(nodes.map(|node| node.name), expected);
        assert_eq!(sort.word(), word);
    }

    #[test]
    fn numbers_begin_with_the_largest_and_text_with_a() {
        check("calls", ["c", "A", "b"]);
        check("-calls", ["A", "b", "c"]);
        check("name", ["A", "b", "c"]);
        check("-name", ["c", "b", "A"]);
        check("faults", ["b", "c", "A"]);
    }

    #[test]
    fn an_unknown_column_is_none() {
        assert_eq!(Sort::from_word("colour"), None);
    }
}
