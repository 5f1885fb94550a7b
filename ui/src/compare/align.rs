//! Two traces aligned by path: a row of one corresponds to a row of the other when both stand under corresponding rows and
//! are the nth of the same service and operation there.
//!
//! Four or more of one service and operation under one parent, none with rows below, are one row on both sides: a loop that
//! ran 18 times and then 30 is one change, not twelve.
//!
//! Iterative: depth comes from strangers. Parents that never came are looked through.

use std::collections::HashMap;

use coldlight_model::money::Usd;
use coldlight_model::{InvocationSummary, Nanos, Outcome, SpanId, SpanTree, Trace, TraceCost, TraceSpan};

use crate::trace::selftime::{Interval, self_times};
use crate::trace::waterfall::operation;

/// So many alike are one row.
const LOOP: usize = 4;

/// One of the two traces with what is known about it.
pub struct Side<'a> {
    pub trace: &'a Trace,
    pub tree: &'a SpanTree,
    pub invocations: &'a [InvocationSummary],
    pub cost: Option<&'a TraceCost>,
}

impl<'a> Side<'a> {
    /// The span that answers for the trace, and how long its caller waited: its length, or the trace's where it is not here.
    pub fn root(&self) -> Option<&'a TraceSpan> {
        self.trace.root()
    }

    pub fn response(&self) -> Nanos {
        match self.root().filter(|root| root.parent_span_id.is_none()) {
            Some(root) => root.duration,
            None => self.trace.length(),
        }
    }

    /// With everything it set going; `None` where nothing of it costs anything that is known.
    pub fn total(&self) -> Option<Usd> {
        let total = self.cost?.total();
        (total > Usd::ZERO).then_some(total)
    }

    pub fn cold(&self) -> usize {
        self.invocations.iter().filter(|one| one.start.is_some_and(coldlight_model::lambda::StartKind::is_cold)).count()
    }

    pub fn version(&self) -> Option<&'a str> {
        let service = &self.root()?.service;
        self.invocations.iter().find(|one| one.service == *service)?.version.as_deref()
    }
}

/// What one trace has in a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The span, the first of several.
    pub span: SpanId,
    pub count: u32,
    /// Of all of them.
    pub duration: Nanos,
    /// Time in which nothing below them ran.
    pub own: Nanos,
    /// The worst.
    pub outcome: Outcome,
    /// Of invocations.
    pub cost: Option<Usd>,
}

/// A path through both traces.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    pub level: u32,
    pub service: String,
    pub operation: String,
    /// Which of the same name under the same parent, from 1; 0 for all of them as one row.
    pub nth: u32,
    pub a: Option<Cell>,
    pub b: Option<Cell>,
    /// How many pairs below this one follow it.
    pub below: usize,
}

impl Pair {
    /// How much longer the second took, in nanoseconds; what is missing took none.
    pub fn more(&self) -> i64 {
        let of = |cell: &Option<Cell>| cell.as_ref().map_or(0, |cell| i64::try_from(cell.duration).unwrap_or(i64::MAX));
        of(&self.b).saturating_sub(of(&self.a))
    }

    /// The same of the time of its own.
    pub fn more_own(&self) -> i64 {
        let of = |cell: &Option<Cell>| cell.as_ref().map_or(0, |cell| i64::try_from(cell.own).unwrap_or(i64::MAX));
        of(&self.b).saturating_sub(of(&self.a))
    }
}

/// A trace ready to be walked.
struct Walked<'a> {
    side: &'a Side<'a>,
    own: Vec<Nanos>,
    costs: HashMap<SpanId, Usd>,
}

type Key<'a> = (&'a str, String);

impl<'a> Walked<'a> {
    fn new(side: &'a Side<'a>) -> Self {
        let start = side.trace.start().nanos();
        let ran = |span: usize| -> Interval {
            let span = &side.trace.spans[span];
            (span.started_at.nanos().saturating_sub(start), span.ended_at().nanos().saturating_sub(start))
        };
        let ran: Vec<Interval> = side.tree.nodes.iter().map(|node| node.span.map_or((0, 0), ran)).collect();
        let mut costs = HashMap::new();
        for one in side.invocations {
            if let (Some(span), Some(cost)) = (one.span_id, one.cost.total) {
                let known = costs.entry(span).or_insert(Usd::ZERO);
                *known = Usd::sum([*known, cost]).unwrap_or(*known);
            }
        }
        Self { own: self_times(side.tree, &ran), side, costs }
    }

    fn span(&self, node: usize) -> Option<&'a TraceSpan> {
        Some(&self.side.trace.spans[self.side.tree.nodes[node].span?])
    }

    fn key(&self, node: usize) -> Key<'a> {
        let span = self.span(node);
        // What a call goes to tells two calls of one name apart.
        let to = span.and_then(|span| span.remote.as_ref()).filter(|remote| !remote.kind.is_service());
        let name = span.map(operation).unwrap_or_default();
        let operation = match to.filter(|to| !to.name.is_empty() && !name.contains(to.name.as_str())) {
            Some(to) => format!("{name} {}", to.name),
            None => name.into_owned(),
        };
        (span.map_or("", |span| &span.service), operation)
    }

    /// The rows below one, or the roots; those of parents that never came instead of these.
    fn children(&self, of: Option<usize>) -> Vec<usize> {
        let nodes = &self.side.tree.nodes;
        let (mut at, end) = of.map_or((0, nodes.len()), |node| (node + 1, node + 1 + nodes[node].descendants as usize));
        let mut found = Vec::new();
        while at < end {
            if nodes[at].span.is_none() {
                at += 1;
                continue;
            }
            found.push(at);
            at += 1 + nodes[at].descendants as usize;
        }
        found
    }

    fn cell(&self, nodes: &[usize]) -> Option<Cell> {
        let first = *nodes.first()?;
        let spans = || nodes.iter().filter_map(|node| self.span(*node));
        let add = |sum: Nanos, one: Nanos| sum.saturating_add(one);
        let costs: Vec<Usd> = spans().filter_map(|span| self.costs.get(&span.span_id).copied()).collect();
        Some(Cell {
            span: self.side.tree.nodes[first].span_id,
            count: u32::try_from(nodes.len()).unwrap_or(u32::MAX),
            duration: spans().map(|span| span.duration).fold(0, add),
            own: nodes.iter().map(|node| self.own[*node]).fold(0, add),
            outcome: spans().map(|span| span.outcome).max().unwrap_or_default(),
            cost: if costs.is_empty() { None } else { Usd::sum(costs) },
        })
    }
}

/// Rows that correspond, of either side none, one, or a loop's.
struct Met<'a> {
    key: Key<'a>,
    nth: u32,
    a: Vec<usize>,
    b: Vec<usize>,
}

/// All paths of both, parents before what is below them, siblings in the order of the first trace; what only the second has
/// stands behind what it follows there.
pub fn align(a: &Side, b: &Side) -> Vec<Pair> {
    let (a, b) = (Walked::new(a), Walked::new(b));
    let mut pairs: Vec<Pair> = Vec::new();
    let mut parents: Vec<Option<usize>> = Vec::new();
    let roots = meet((&a, a.children(None)), (&b, b.children(None)));
    let mut waiting: Vec<(Met, u32, Option<usize>)> = roots.into_iter().rev().map(|met| (met, 0, None)).collect();
    while let Some((met, level, parent)) = waiting.pop() {
        let at = pairs.len();
        let below = |of: &Walked, nodes: &[usize]| match nodes {
            [one] => of.children(Some(*one)),
            _ => Vec::new(),
        };
        let children = meet((&a, below(&a, &met.a)), (&b, below(&b, &met.b)));
        pairs.push(Pair {
            level,
            service: met.key.0.to_owned(),
            operation: met.key.1,
            nth: met.nth,
            a: a.cell(&met.a),
            b: b.cell(&met.b),
            below: 0,
        });
        parents.push(parent);
        waiting.extend(children.into_iter().rev().map(|met| (met, level + 1, Some(at))));
    }
    for at in (0..pairs.len()).rev() {
        if let Some(parent) = parents[at] {
            pairs[parent].below += pairs[at].below + 1;
        }
    }
    pairs
}

fn meet<'a>((a, of_a): (&Walked<'a>, Vec<usize>), (b, of_b): (&Walked<'a>, Vec<usize>)) -> Vec<Met<'a>> {
    let by_key = |of: &Walked<'a>, nodes: &[usize]| {
        let mut found: HashMap<Key<'a>, Vec<usize>> = HashMap::new();
        for node in nodes {
            found.entry(of.key(*node)).or_default().push(*node);
        }
        found
    };
    let (groups_a, groups_b) = (by_key(a, &of_a), by_key(b, &of_b));
    let is_leaf = |of: &Walked, node: &usize| of.side.tree.nodes[*node].descendants == 0;
    let is_loop = |key: &Key<'a>| {
        let (in_a, in_b) = (groups_a.get(key), groups_b.get(key));
        in_a.map_or(0, Vec::len).max(in_b.map_or(0, Vec::len)) >= LOOP
            && in_a.is_none_or(|nodes| nodes.iter().all(|node| is_leaf(a, node)))
            && in_b.is_none_or(|nodes| nodes.iter().all(|node| is_leaf(b, node)))
    };
    // Each side as a list of its rows by name and number, loops once.
    let listed = |of: &Walked<'a>, nodes: &[usize], groups: &HashMap<Key<'a>, Vec<usize>>| {
        let mut seen: HashMap<Key<'a>, u32> = HashMap::new();
        let mut list: Vec<((Key<'a>, u32), Vec<usize>)> = Vec::new();
        for node in nodes {
            let key = of.key(*node);
            let nth = seen.entry(key.clone()).or_insert(0);
            *nth += 1;
            match (is_loop(&key), *nth) {
                (true, 1) => list.push(((key.clone(), 0), groups[&key].clone())),
                (true, _) => {}
                (false, nth) => list.push(((key, nth), vec![*node])),
            }
        }
        list
    };
    let (list_a, list_b) = (listed(a, &of_a, &groups_a), listed(b, &of_b, &groups_b));
    let mut rest: HashMap<(Key<'a>, u32), Vec<usize>> = list_b.iter().cloned().collect();
    // What only the second has, by the row of the second that it follows and the first has too.
    let known: std::collections::HashSet<&(Key<'a>, u32)> = list_a.iter().map(|(name, _)| name).collect();
    let mut following: HashMap<Option<(Key<'a>, u32)>, Vec<Met<'a>>> = HashMap::new();
    let mut last = None;
    for (name, nodes) in &list_b {
        if known.contains(name) {
            last = Some(name.clone());
        } else {
            let met = Met { key: name.0.clone(), nth: name.1, a: Vec::new(), b: nodes.clone() };
            following.entry(last.clone()).or_default().push(met);
        }
    }
    let mut all = following.remove(&None).unwrap_or_default();
    for (name, nodes) in list_a {
        let b = rest.remove(&name).unwrap_or_default();
        let after = following.remove(&Some(name.clone())).unwrap_or_default();
        all.push(Met { key: name.0, nth: name.1, a: nodes, b });
        all.extend(after);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::fixtures::{Draft, drafted};
    use proptest::prelude::*;

    fn aligned(a: &[Draft], b: &[Draft]) -> Vec<Pair> {
        let (a, b) = (drafted(a), drafted(b));
        let (tree_a, tree_b) = (SpanTree::build(&a.spans), SpanTree::build(&b.spans));
        let side = |trace, tree| Side { trace, tree, invocations: &[], cost: None };
        align(&side(&a, &tree_a), &side(&b, &tree_b))
    }

    /// Rows as `-name 10>12`, times in ms, `+` and `x` for what one side lacks.
    fn told(pairs: &[Pair]) -> Vec<String> {
        let ms = |cell: &Option<Cell>, none: &str| {
            let told = |cell: &Cell| match cell.count {
                1 => format!("{}", cell.duration / 1_000_000),
                count => format!("{count}×{}", cell.duration / 1_000_000),
            };
            cell.as_ref().map_or_else(|| none.to_owned(), told)
        };
        let dash = |pair: &Pair| "-".repeat(pair.level as usize);
        pairs
            .iter()
            .map(|pair| format!("{}{} {}>{}", dash(pair), pair.operation, ms(&pair.a, "+"), ms(&pair.b, "x")))
            .collect()
    }

    fn named(id: u64, parent: u64, start: u64, length: u64, name: &str) -> Draft {
        Draft::new(id, parent, start, length).name(name)
    }

    #[test]
    fn rows_meet_by_their_path_whatever_their_ids() {
        let a = [named(1, 0, 0, 100, "get"), named(2, 1, 1, 10, "read"), named(3, 1, 20, 30, "write")];
        let b = [named(7, 0, 0, 140, "get"), named(8, 7, 1, 10, "read"), named(9, 7, 20, 70, "write")];
        assert_eq!(told(&aligned(&a, &b)), ["get 100>140", "-read 10>10", "-write 30>70"]);
    }

    #[test]
    fn what_one_side_lacks_stands_where_it_would_be() {
        let a = [named(1, 0, 0, 100, "get"), named(2, 1, 1, 10, "read"), named(3, 1, 20, 30, "write")];
        let b = [
            named(1, 0, 0, 90, "get"),
            named(2, 1, 1, 10, "read"),
            named(4, 1, 12, 5, "check"),
            named(5, 4, 13, 1, "x"),
        ];
        assert_eq!(told(&aligned(&a, &b)), ["get 100>90", "-read 10>10", "-check +>5", "--x +>1", "-write 30>x"]);
    }

    #[test]
    fn the_second_of_a_name_meets_the_second() {
        let a = [named(1, 0, 0, 100, "get"), named(2, 1, 1, 10, "read"), named(3, 1, 20, 30, "read")];
        let b = [
            named(1, 0, 0, 90, "get"),
            named(2, 1, 1, 11, "read"),
            named(3, 1, 20, 31, "read"),
            named(4, 1, 60, 3, "read"),
        ];
        let pairs = aligned(&a, &b);
        assert_eq!(told(&pairs), ["get 100>90", "-read 10>11", "-read 30>31", "-read +>3"]);
        assert_eq!(pairs.iter().map(|pair| pair.nth).collect::<Vec<_>>(), [1, 1, 2, 3]);
    }

    #[test]
    fn a_loop_is_one_row() {
        let calls = |count: u64| -> Vec<Draft> {
            (0..count).map(|at| named(at + 2, 1, at, 2, "read")).chain([named(1, 0, 0, 100, "get")]).collect()
        };
        assert_eq!(told(&aligned(&calls(3), &calls(30))), ["get 100>100", "-read 3×6>30×60"]);
    }

    proptest! {
        #[test]
        fn every_span_of_both_is_in_exactly_one_row(
            a in proptest::collection::vec((0u64..9, 0u64..30, 0usize..3), 0..30),
            b in proptest::collection::vec((0u64..9, 0u64..30, 0usize..3), 0..30),
        ) {
            let drafts = |all: &[(u64, u64, usize)]| -> Vec<Draft> {
                let draft = |(id, (parent, start, name)): (usize, &(u64, u64, usize))| {
                    named(id as u64 + 1, *parent, *start, 1, ["x", "y", "z"][*name])
                };
                all.iter().enumerate().map(draft).collect()
            };
            let pairs = aligned(&drafts(&a), &drafts(&b));
            let count = |of: fn(&Pair) -> &Option<Cell>| {
                pairs.iter().filter_map(|pair| of(pair).as_ref()).map(|cell| cell.count as usize).sum::<usize>()
            };
            prop_assert_eq!(count(|pair| &pair.a), a.len());
            prop_assert_eq!(count(|pair| &pair.b), b.len());
            for (at, pair) in pairs.iter().enumerate() {
                prop_assert!(at + pair.below < pairs.len());
                prop_assert!(pairs[at + 1..=at + pair.below].iter().all(|below| below.level > pair.level));
            }
        }
    }
}
