//! Self time: how long a span ran while none of its children did.

use coldlight_model::{Nanos, SpanTree};

/// From and to, in nanoseconds after the trace's start; `to` is never before `from`.
pub type Interval = (i64, i64);

/// Self time per row of `tree`, given when each row ran. Children count only where they overlap their parent, and time that
/// several of them share counts once. Rows without a span have none of their own.
///
/// One pass when children come by start, which a tree gives; shifted clocks may disturb that, so the order is restored first.
pub fn self_times(tree: &SpanTree, ran: &[Interval]) -> Vec<Nanos> {
    let mut order: Vec<u32> = (0..tree.nodes.len() as u32).collect();
    // Already sorted in parts, which this sort knows how to use.
    order.sort_by_key(|at| ran[*at as usize].0);
    let mut own: Vec<Nanos> = tree
        .nodes
        .iter()
        .zip(ran)
        .map(|(node, (from, to))| if node.span.is_some() { (to - from) as Nanos } else { 0 })
        .collect();
    // Up to where a row's children seen so far have covered it.
    let mut covered: Vec<i64> = ran.iter().map(|(from, _)| *from).collect();
    for at in order {
        let at = at as usize;
        let Some(parent) = tree.nodes[at].parent else { continue };
        if tree.nodes[parent].span.is_none() {
            continue;
        }
        let (from, to) = (ran[at].0.max(covered[parent]), ran[at].1.min(ran[parent].1));
        if to > from {
            own[parent] -= (to - from) as Nanos;
            covered[parent] = to;
        }
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::fixtures::{Draft, drafted};
    use proptest::prelude::*;

    fn ran(trace: &coldlight_model::Trace, tree: &SpanTree) -> Vec<Interval> {
        let start = trace.start().nanos();
        let of = |at: usize| (trace.spans[at].started_at.nanos() - start, trace.spans[at].ended_at().nanos() - start);
        tree.nodes.iter().map(|node| node.span.map_or((0, 0), of)).collect()
    }

    /// Self times in ms of spans drafted in ms, in the tree's order.
    #[track_caller]
    fn check(drafts: &[Draft], expected_ms: &[u64]) {
        let trace = drafted(drafts);
        let tree = SpanTree::build(&trace.spans);
        let own: Vec<u64> = self_times(&tree, &ran(&trace, &tree)).into_iter().map(|own| own / 1_000_000).collect();
        assert_eq!(own, expected_ms);
    }

    #[test]
    fn a_span_alone_is_all_its_own() {
        check(&[Draft::new(1, 0, 0, 100)], &[100]);
    }

    #[test]
    fn children_are_taken_off() {
        check(&[Draft::new(1, 0, 0, 100), Draft::new(2, 1, 10, 20), Draft::new(3, 1, 50, 30)], &[50, 20, 30]);
    }

    #[test]
    fn children_side_by_side_count_once() {
        check(&[Draft::new(1, 0, 0, 100), Draft::new(2, 1, 10, 40), Draft::new(3, 1, 20, 50)], &[40, 40, 50]);
        check(&[Draft::new(1, 0, 0, 100), Draft::new(2, 1, 10, 80), Draft::new(3, 1, 20, 10)], &[20, 80, 10]);
    }

    #[test]
    fn work_after_the_parent_ended_is_not_its_parents() {
        check(&[Draft::new(1, 0, 0, 100), Draft::new(2, 1, 90, 50), Draft::new(3, 1, 300, 50)], &[90, 50, 50]);
    }

    #[test]
    fn a_missing_parent_has_no_time() {
        check(&[Draft::new(2, 9, 0, 30), Draft::new(3, 9, 10, 30)], &[0, 30, 30]);
    }

    proptest! {
        /// Where every child lies within its parent and none overlap, nothing is lost: self times sum to the root's length.
        #[test]
        fn nested_calls_sum_to_the_root(cuts in proptest::collection::vec(1u64..50, 1..40)) {
            let mut drafts = vec![Draft::new(1, 0, 0, 100_000)];
            let mut at = 0;
            for (index, cut) in cuts.iter().enumerate() {
                drafts.push(Draft::new(index as u64 + 2, 1, at, *cut));
                at += cut + 3;
            }
            let trace = drafted(&drafts);
            let tree = SpanTree::build(&trace.spans);
            let sum: u64 = self_times(&tree, &ran(&trace, &tree)).iter().sum();
            prop_assert_eq!(sum, 100_000_000_000);
        }
    }
}
