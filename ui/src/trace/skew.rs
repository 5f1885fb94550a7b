//! Clocks that disagree: a span that lies outside its parent, and by how much its clock would have to move.
//!
//! Measured, never stored: rows are drawn as sent, with a tag, and shifted only where the reader asks for it. The rule is
//! Jaeger's (model/adjuster/clockskew): only spans of different resources can have different clocks; a child that fits into
//! its parent's length is put in its middle, one that is longer is only kept from starting before it.

use coldlight_model::{Kind, SpanTree, Trace, TraceSpan, Way};

/// Clocks of one region agree to about this much at best; a smaller overhang is not worth a word.
const TOLERANCE: i64 = 100_000;

/// Per row of the tree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Skew {
    /// Nanoseconds that the row's clock is behind its parent's (negative: ahead); 0 unless the clock changes here.
    pub own: Vec<i64>,
    /// The sum of these from the root down: added to a span's times, it stands where its parents can hold it.
    pub shift: Vec<i64>,
}

impl Skew {
    /// How many rows disagree with their parent.
    pub fn count(&self) -> usize {
        self.own.iter().filter(|own| **own != 0).count()
    }
}

/// Measures `tree`, which was built from `trace`. One pass: a parent stands before its children.
pub fn skew(trace: &Trace, tree: &SpanTree) -> Skew {
    let mut skew = Skew { own: vec![0; tree.nodes.len()], shift: vec![0; tree.nodes.len()] };
    for (at, node) in tree.nodes.iter().enumerate() {
        let Some(above) = node.parent else { continue };
        let own = match (node.span, tree.nodes[above].span) {
            (Some(child), Some(parent)) => between(&trace.spans[child], &trace.spans[parent]),
            _ => 0,
        };
        skew.own[at] = own;
        skew.shift[at] = skew.shift[above].saturating_add(own);
    }
    skew
}

/// What the child's clock is behind its parent's.
fn between(child: &TraceSpan, parent: &TraceSpan) -> i64 {
    if child.resource == parent.resource {
        return 0;
    }
    let (start, end) = (child.started_at.nanos(), child.ended_at().nanos());
    let (from, to) = (parent.started_at.nanos(), parent.ended_at().nanos());
    let (length, room) = (end - start, to - from);
    let before = from - start;
    // Work that nobody waits for may end, and even begin, after its parent ended.
    if length > room || may_outlive(child, parent) {
        return if before > TOLERANCE { before } else { 0 };
    }
    if before <= TOLERANCE && end - to <= TOLERANCE {
        return 0;
    }
    from + (room - length) / 2 - start
}

fn may_outlive(child: &TraceSpan, parent: &TraceSpan) -> bool {
    child.kind == Kind::CONSUMER || parent.kind == Kind::PRODUCER || child.way != Way::Sync || parent.way != Way::Sync
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::fixtures::{Draft, drafted};

    /// The tree's own skews, in ms, of spans drafted in ms.
    #[track_caller]
    fn check(drafts: &[Draft], own_ms: &[i64], shift_ms: &[i64]) {
        let trace = drafted(drafts);
        let skew = skew(&trace, &SpanTree::build(&trace.spans));
        assert_eq!(skew.own, own_ms.iter().map(|ms| ms * 1_000_000).collect::<Vec<_>>());
        assert_eq!(skew.shift, shift_ms.iter().map(|ms| ms * 1_000_000).collect::<Vec<_>>());
    }

    #[test]
    fn a_child_inside_its_parent_has_no_skew() {
        check(&[Draft::new(1, 0, 0, 100).of("a"), Draft::new(2, 1, 10, 50).of("b")], &[0, 0], &[0, 0]);
    }

    #[test]
    fn a_child_elsewhere_is_put_into_the_middle_of_its_parent() {
        check(&[Draft::new(2, 1, 0, 60).of("b"), Draft::new(1, 0, 20, 100).of("a")], &[0, 40], &[0, 40]);
    }

    #[test]
    fn one_process_has_one_clock() {
        check(&[Draft::new(1, 0, 0, 100).of("a"), Draft::new(2, 1, 90, 50).of("a")], &[0, 0], &[0, 0]);
    }

    #[test]
    fn what_follows_a_shifted_span_in_its_process_moves_with_it() {
        check(
            &[Draft::new(1, 0, 0, 100).of("a"), Draft::new(2, 1, 200, 80).of("b"), Draft::new(3, 2, 210, 10).of("b")],
            &[0, -190, 0],
            &[0, -190, -190],
        );
    }

    #[test]
    fn a_consumer_may_run_long_after_its_message_was_sent() {
        check(
            &[
                Draft::new(1, 0, 0, 10).of("a").kind(Kind::PRODUCER),
                Draft::new(2, 1, 500, 80).of("b").kind(Kind::CONSUMER),
            ],
            &[0, 0],
            &[0, 0],
        );
    }

    #[test]
    fn a_longer_child_is_only_kept_from_starting_early() {
        check(&[Draft::new(2, 1, 0, 90).of("b"), Draft::new(1, 0, 5, 20).of("a")], &[0, 5], &[0, 5]);
    }
}
