//! Siblings that are alike, one after another, and stand behind one row: the loop that calls the same table 18 times.
//!
//! Never folded: a fault, what has trouble below it, what begins a story of its own, and anything a filter left over.

use coldlight_model::{Nanos, Outcome, SpanTree, TraceSpan};

/// Fewer are quicker read than opened.
const LEAST: u32 = 4;
/// A call with more rows below it than this is worth a row of its own.
const MOST_BELOW: u32 = 3;

/// The rows `first..end` of the tree: `count` siblings with all that is below them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fold {
    pub first: usize,
    pub end: usize,
    pub count: u32,
}

impl Fold {
    /// The siblings themselves.
    pub fn members(self, tree: &SpanTree) -> impl Iterator<Item = usize> {
        let next = move |at: &usize| Some(at + 1 + tree.nodes[*at].descendants as usize).filter(|at| *at < self.end);
        std::iter::successors(Some(self.first), next)
    }

    /// How long they took: all together, the median, and which took longest.
    pub fn durations(self, tree: &SpanTree, spans: &[TraceSpan]) -> Durations {
        let span = |at: usize| tree.nodes[at].span.map_or(0, |span| spans[span].duration);
        let mut all: Vec<(Nanos, usize)> = self.members(tree).map(|at| (span(at), at)).collect();
        all.sort_unstable_by_key(|(took, at)| (*took, std::cmp::Reverse(*at)));
        Durations {
            sum: all.iter().fold(0, |sum: Nanos, (took, _)| sum.saturating_add(*took)),
            p50: all[(all.len() - 1) / 2].0,
            least: all[0].0,
            slowest: all.iter().rev().map(|(_, at)| *at).take(5).collect(),
        }
    }
}

/// What the members of a fold took.
pub struct Durations {
    pub sum: Nanos,
    pub p50: Nanos,
    pub least: Nanos,
    /// Rows, the slowest first; not all of them.
    pub slowest: Vec<usize>,
}

/// Every fold of the tree by its first row. They do not overlap: what a member has below it is too little to fold.
pub fn folds(tree: &SpanTree, spans: &[TraceSpan]) -> Vec<Fold> {
    let nodes = &tree.nodes;
    let mut troubled = vec![false; nodes.len()];
    for at in (0..nodes.len()).rev() {
        let is_trouble = nodes[at].span.is_none_or(|span| spans[span].outcome != Outcome::Ok) || nodes[at].cycle;
        if let Some(parent) = nodes[at].parent {
            troubled[parent] |= troubled[at] || is_trouble;
        }
    }
    let mut runs: Vec<Fold> = Vec::new();
    // The run that a parent's last child is in, counted from 1.
    let mut last_of: Vec<u32> = vec![0; nodes.len()];
    for (at, node) in nodes.iter().enumerate() {
        let (Some(parent), Some(span)) = (node.parent, node.span) else { continue };
        let span = &spans[span];
        if span.outcome == Outcome::Fault || troubled[at] || node.cycle || node.descendants > MOST_BELOW {
            continue;
        }
        let end = at + 1 + node.descendants as usize;
        let before = last_of[parent].checked_sub(1).map(|run| &mut runs[run as usize]);
        if let Some(run) = before
            && run.end == at
            && nodes[run.first].span.is_some_and(|first| is_alike(&spans[first], span))
        {
            (run.end, run.count) = (end, run.count + 1);
            continue;
        }
        runs.push(Fold { first: at, end, count: 1 });
        last_of[parent] = runs.len() as u32;
    }
    runs.retain(|run| run.count >= LEAST);
    runs
}

fn is_alike(a: &TraceSpan, b: &TraceSpan) -> bool {
    let key = |span: &TraceSpan| (span.outcome, span.kind, span.http_status, span.way);
    key(a) == key(b)
        && a.service == b.service
        && a.name == b.name
        && a.error_type == b.error_type
        && a.remote == b.remote
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::fixtures::{Draft, drafted};
    use proptest::prelude::*;

    fn found(drafts: &[Draft]) -> Vec<(usize, usize, u32)> {
        let trace = drafted(drafts);
        let tree = SpanTree::build(&trace.spans);
        folds(&tree, &trace.spans).into_iter().map(|fold| (fold.first, fold.end, fold.count)).collect()
    }

    fn get(id: u64, parent: u64) -> Draft {
        Draft::new(id, parent, id, 1).name("GetItem")
    }

    #[test]
    fn four_alike_in_a_row_fold_and_three_do_not() {
        let root = Draft::new(1, 0, 0, 100);
        let of = |count: u64| (2..2 + count).map(|id| get(id, 1)).chain([root.clone()]).collect::<Vec<_>>();
        assert_eq!(found(&of(3)), []);
        assert_eq!(found(&of(4)), [(1, 5, 4)]);
    }

    #[test]
    fn another_operation_between_them_makes_two_runs() {
        let mut drafts: Vec<Draft> = (2..11).map(|id| get(id, 1)).collect();
        drafts[4] = drafts[4].clone().name("PutItem");
        drafts.push(Draft::new(1, 0, 0, 100));
        assert_eq!(found(&drafts), [(1, 5, 4), (6, 10, 4)]);
    }

    #[test]
    fn a_fault_is_never_folded_nor_what_hides_one() {
        let mut drafts: Vec<Draft> = (2..10).map(|id| get(id, 1)).collect();
        drafts[3] = drafts[3].clone().fails("Timeout", "");
        drafts.extend([Draft::new(1, 0, 0, 100), Draft::new(20, 6, 6, 1)]);
        assert_eq!(found(&drafts), [(5, 10, 4)]);
        drafts.push(Draft::new(21, 7, 7, 1).fails("Timeout", ""));
        assert_eq!(found(&drafts), []);
    }

    #[test]
    fn the_numbers_of_a_fold_are_those_of_its_members() {
        let mut drafts: Vec<Draft> =
            [30, 10, 20, 40].iter().zip(2..).map(|(took, id)| Draft::new(id, 1, id, *took).name("x")).collect();
        drafts.extend([Draft::new(1, 0, 0, 100), Draft::new(9, 2, 3, 5)]);
        let trace = drafted(&drafts);
        let tree = SpanTree::build(&trace.spans);
        let fold = folds(&tree, &trace.spans)[0];
        let took = fold.durations(&tree, &trace.spans);
        let ms = |nanos: Nanos| nanos / 1_000_000;
        assert_eq!((ms(took.sum), ms(took.p50), ms(took.least), took.slowest[0]), (100, 20, 10, 5));
    }

    proptest! {
        #[test]
        fn folds_are_disjoint_and_hide_no_fault(
            spans in proptest::collection::vec((1u64..60, 0u64..8, 0u64..20, 0u8..12), 0..80),
        ) {
            let drafts = spans.into_iter().map(|(id, parent, start, fate)| {
                let draft = Draft::new(id, parent, start, 1).name(if fate % 3 == 0 { "a" } else { "b" });
                if fate == 0 { draft.fails("Boom", "") } else { draft }
            });
            let trace = drafted(&drafts.collect::<Vec<_>>());
            let tree = SpanTree::build(&trace.spans);
            let folds = folds(&tree, &trace.spans);
            prop_assert!(folds.windows(2).all(|pair| pair[0].end <= pair[1].first));
            for fold in folds {
                prop_assert_eq!(fold.members(&tree).count(), fold.count as usize);
                let parent = tree.nodes[fold.first].parent;
                prop_assert!(fold.members(&tree).all(|at| tree.nodes[at].parent == parent));
                let is_fault = |at: usize| tree.nodes[at].span.is_some_and(|span| trace.spans[span].outcome == Outcome::Fault);
                prop_assert!(!(fold.first..fold.end).any(is_fault));
            }
        }
    }
}
