//! The critical path: which span the end of the trace waited for, at every moment of it.
//!
//! From the root's end backwards, the child that finishes last at or before the moment takes over until its own start; what
//! lies between children is the parent's. Children count only where they overlap their parent. Work that a message started is
//! nobody's wait for the response; it counts for the completion, where the path begins at the last end of all.
//!
//! Iterative: depth comes from strangers.

use coldlight_model::{Kind, SpanTree, TraceSpan};

use super::selftime::Interval;
use super::state::Until;

/// A stretch of the path, of the row at `node`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    pub node: usize,
    pub ran: Interval,
}

/// Sections by row, then by time; they do not overlap, and sum to the root's duration (of the response) or to what is
/// between the root's start and the last end below it (of the completion).
#[derive(Clone, Debug, Default)]
pub struct CriticalPath {
    sections: Vec<Section>,
}

impl CriticalPath {
    /// `ran` as in [`super::scene::Scene`].
    pub fn new(tree: &SpanTree, spans: &[TraceSpan], ran: &[Interval], root: Option<usize>, until: Until) -> Self {
        let Some(root) = root.filter(|root| until != Until::Off && tree.nodes[*root].span.is_some()) else {
            return Self::default();
        };
        let walk = Walk { tree, spans, ends: ends(tree, spans, ran, until), ran, until };
        let mut sections = walk.sections(root);
        sections.sort_unstable_by_key(|section| (section.node, section.ran.0));
        Self { sections }
    }

    /// The path within the rows `first..last`, by time, touching stretches joined.
    pub fn within(&self, first: usize, last: usize) -> Vec<Interval> {
        let from = self.sections.partition_point(|section| section.node < first);
        let to = self.sections.partition_point(|section| section.node < last);
        let mut found: Vec<Interval> = self.sections[from..to].iter().map(|section| section.ran).collect();
        found.sort_unstable();
        let mut joined: Vec<Interval> = Vec::new();
        for (from, to) in found {
            match joined.last_mut() {
                Some(last) if last.1 >= from => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
        }
        joined
    }

    /// How long the path stays at one row.
    pub fn at(&self, node: usize) -> u64 {
        self.within(node, node + 1).iter().map(|(from, to)| to.abs_diff(*from)).sum()
    }

    pub fn length(&self) -> u64 {
        self.sections.iter().map(|section| section.ran.1.abs_diff(section.ran.0)).sum()
    }
}

/// A message started it: nobody waited for its answer.
pub fn is_handed_over(tree: &SpanTree, spans: &[TraceSpan], node: usize) -> bool {
    let kind = |node: usize| tree.nodes[node].span.map(|span| spans[span].kind);
    kind(node) == Some(Kind::CONSUMER)
        || tree.nodes[node].parent.is_some_and(|parent| kind(parent) == Some(Kind::PRODUCER))
}

/// Where each row ends on the path: for the completion, with what its messages started.
fn ends(tree: &SpanTree, spans: &[TraceSpan], ran: &[Interval], until: Until) -> Vec<i64> {
    let mut ends: Vec<i64> = ran.iter().map(|(_, to)| *to).collect();
    if until == Until::Completion {
        // Children stand behind their parents, so from the back every row below is done.
        for node in (0..tree.nodes.len()).rev() {
            let Some(parent) = tree.nodes[node].parent else { continue };
            if ends[node] > ran[node].1 || is_handed_over(tree, spans, node) {
                ends[parent] = ends[parent].max(ends[node]);
            }
        }
    }
    ends
}

struct Walk<'a> {
    tree: &'a SpanTree,
    spans: &'a [TraceSpan],
    ran: &'a [Interval],
    ends: Vec<i64>,
    until: Until,
}

/// A row that the path is in.
struct Visit {
    node: usize,
    from: i64,
    /// What is before is still to be told.
    cursor: i64,
    /// By end, the last at the back: where each lies within this row.
    children: Vec<(Interval, usize)>,
}

impl Walk<'_> {
    fn sections(&self, root: usize) -> Vec<Section> {
        let mut sections = Vec::new();
        let mut push = |node, from: i64, to: i64| {
            if to > from {
                sections.push(Section { node, ran: (from, to) });
            }
        };
        let mut visits = vec![self.visit(root, (self.ran[root].0, self.ends[root]))];
        while let Some(visit) = visits.last_mut() {
            match visit.children.pop() {
                // One that ends later ran beside the one that took over.
                Some(((_, to), _)) if to > visit.cursor => {}
                Some(((from, to), child)) => {
                    push(visit.node, to, visit.cursor);
                    visit.cursor = from;
                    let child = self.visit(child, (from, to));
                    visits.push(child);
                }
                None => {
                    push(visit.node, visit.from, visit.cursor);
                    visits.pop();
                }
            }
        }
        sections
    }

    fn visit(&self, node: usize, (from, to): Interval) -> Visit {
        let mut children = Vec::new();
        let end = node + 1 + self.tree.nodes[node].descendants as usize;
        let mut child = node + 1;
        while child < end {
            let within = (self.ran[child].0.max(from), self.ends[child].min(to));
            let counts = self.until == Until::Completion || !is_handed_over(self.tree, self.spans, child);
            if counts && within.1 > within.0 && self.tree.nodes[child].span.is_some() {
                children.push((within, child));
            }
            child += 1 + self.tree.nodes[child].descendants as usize;
        }
        children.sort_unstable_by_key(|((from, to), child)| (*to, -from, usize::MAX - child));
        Visit { node, from, cursor: to, children }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::fixtures::{Draft, drafted};
    use coldlight_model::Trace;
    use proptest::prelude::*;

    const MS: i64 = 1_000_000;

    fn path(trace: &Trace, until: Until) -> (SpanTree, CriticalPath, Vec<Interval>) {
        let tree = SpanTree::build(&trace.spans);
        let start = trace.start().nanos();
        let of = |at: usize| (trace.spans[at].started_at.nanos() - start, trace.spans[at].ended_at().nanos() - start);
        let ran: Vec<Interval> = tree.nodes.iter().map(|node| node.span.map_or((0, 0), of)).collect();
        let path = CriticalPath::new(&tree, &trace.spans, &ran, Some(0), until);
        (tree, path, ran)
    }

    /// The path row by row in ms, rows in the order they are drawn.
    #[track_caller]
    fn check(trace: &Trace, until: Until, expected: &[&[(i64, i64)]]) {
        let (tree, path, _) = path(trace, until);
        let found: Vec<Vec<(i64, i64)>> = (0..tree.nodes.len())
            .map(|node| path.within(node, node + 1).iter().map(|(from, to)| (from / MS, to / MS)).collect())
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_lies_between_children_is_the_parents() {
        let trace = drafted(&[Draft::new(1, 0, 0, 100), Draft::new(2, 1, 10, 30), Draft::new(3, 1, 50, 40)]);
        check(&trace, Until::Response, &[&[(0, 10), (40, 50), (90, 100)], &[(10, 40)], &[(50, 90)]]);
    }

    #[test]
    fn of_two_side_by_side_the_later_end_counts() {
        let trace = drafted(&[Draft::new(1, 0, 0, 100), Draft::new(2, 1, 10, 60), Draft::new(3, 1, 20, 70)]);
        check(&trace, Until::Response, &[&[(0, 20), (90, 100)], &[], &[(20, 90)]]);
    }

    #[test]
    fn a_child_that_outlives_its_parent_is_cut_there() {
        let trace = drafted(&[Draft::new(1, 0, 0, 100), Draft::new(2, 1, 90, 50)]);
        check(&trace, Until::Response, &[&[(0, 90)], &[(90, 100)]]);
    }

    #[test]
    fn what_a_message_started_counts_for_the_completion_only() {
        let mut trace = drafted(&[Draft::new(1, 0, 0, 100), Draft::new(2, 1, 10, 20), Draft::new(3, 2, 200, 50)]);
        trace.spans[1].kind = Kind::PRODUCER;
        trace.spans[2].kind = Kind::CONSUMER;
        check(&trace, Until::Response, &[&[(0, 10), (30, 100)], &[(10, 30)], &[]]);
        // Until it was taken up, the message waited.
        check(&trace, Until::Completion, &[&[(0, 10)], &[(10, 200)], &[(200, 250)]]);
        check(&trace, Until::Off, &[&[], &[], &[]]);
    }

    proptest! {
        #[test]
        fn sections_are_disjoint_and_sum_to_the_roots_duration(
            drafts in proptest::collection::vec((0usize..12, 0u64..120, 0u64..80), 0..40), messages: bool,
        ) {
            let mut all = vec![Draft::new(1, 0, 0, 100)];
            for (at, (parent, start, length)) in drafts.iter().enumerate() {
                all.push(Draft::new(at as u64 + 2, (*parent).min(at) as u64 + 1, *start, *length));
            }
            let mut trace = drafted(&all);
            if messages {
                trace.spans.iter_mut().skip(1).step_by(3).for_each(|span| span.kind = Kind::CONSUMER);
            }
            for until in [Until::Response, Until::Completion] {
                let (tree, path, ran) = path(&trace, until);
                let root = tree.nodes.iter().position(|node| node.span == trace.spans.iter().position(|span| span.parent_span_id.is_none()));
                prop_assume!(root == Some(0));
                let mut sections: Vec<Interval> = path.sections.iter().map(|section| section.ran).collect();
                sections.sort_unstable();
                prop_assert!(sections.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{sections:?}");
                let sum: i64 = sections.iter().map(|(from, to)| to - from).sum();
                let whole = match until {
                    Until::Completion => ends(&tree, &trace.spans, &ran, until)[0] - ran[0].0,
                    _ => ran[0].1 - ran[0].0,
                };
                prop_assert_eq!(sum, whole);
            }
        }
    }
}
