//! Invocations that were stopped before their own span ended: the platform tells of them, and spans below name a parent that will
//! never come.

use std::collections::HashMap;

use coldlight_model::lambda::InvocationOutcome;
use coldlight_model::{InvocationSummary, Nanos, SpanTree, Trace};

/// The platform's clock and the function's are those of one machine, but not read at once.
const SLACK: Nanos = 1_000_000_000;

/// Invocations of which no span came and that did not end well.
pub fn stopped(invocations: &[InvocationSummary]) -> impl Iterator<Item = &InvocationSummary> {
    invocations.iter().filter(|one| one.span_id.is_none() && one.outcome != InvocationOutcome::Ok)
}

/// The invocation that each missing row was, as far as that can be told: one of its children's service, during which the first of
/// them began. An invocation is one row.
pub fn open<'a>(
    trace: &Trace,
    tree: &SpanTree,
    invocations: &'a [InvocationSummary],
) -> HashMap<usize, &'a InvocationSummary> {
    let mut left: Vec<&InvocationSummary> = stopped(invocations).collect();
    let mut open = HashMap::new();
    for (at, node) in tree.nodes.iter().enumerate() {
        if left.is_empty() {
            break;
        }
        // The first child stands right below.
        let child = tree.nodes.get(at + 1).filter(|child| child.parent == Some(at)).and_then(|child| child.span);
        let (None, Some(child)) = (node.span, child) else { continue };
        let child = &trace.spans[child];
        let was = |one: &&InvocationSummary| {
            let begun = one.started_at <= child.started_at.plus(SLACK);
            let ended =
                one.duration.is_some_and(|duration| one.started_at.plus(duration).plus(SLACK) < child.started_at);
            (one.service == child.service || one.function_name() == child.service) && begun && !ended
        };
        let found = left.iter().enumerate().filter(|(_, one)| was(one)).max_by_key(|(_, one)| one.started_at);
        if let Some((found, _)) = found {
            open.insert(at, left.swap_remove(found));
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::fixtures::{Draft, drafted};

    fn invocation(service: &str, trace: &Trace, after_ms: u64, outcome: InvocationOutcome) -> InvocationSummary {
        InvocationSummary {
            service: service.to_owned(),
            started_at: trace.start().plus(after_ms * 1_000_000),
            duration: Some(3_000_000_000),
            outcome,
            ..InvocationSummary::default()
        }
    }

    #[test]
    fn a_missing_parent_is_the_invocation_that_was_stopped_meanwhile() {
        let trace = drafted(&[Draft::new(1, 0, 0, 100), Draft::new(3, 2, 40, 30), Draft::new(5, 4, 9_000, 30)]);
        let tree = SpanTree::build(&trace.spans);
        let told = |invocations: &[InvocationSummary]| {
            let mut rows: Vec<usize> = open(&trace, &tree, invocations).into_keys().collect();
            rows.sort_unstable();
            rows
        };
        let timeout = invocation("svc", &trace, 10, InvocationOutcome::Timeout);
        let row = tree.nodes.iter().position(|node| node.span.is_none()).unwrap();
        assert_eq!(told(std::slice::from_ref(&timeout)), [row], "the other child began after it had ended");
        assert_eq!(told(&[invocation("other", &trace, 10, InvocationOutcome::Timeout)]), [0usize; 0]);
        assert_eq!(
            told(&[invocation("svc", &trace, 10, InvocationOutcome::Ok)]),
            [0usize; 0],
            "its span is on its way"
        );
        assert_eq!(told(&[timeout.clone(), timeout]), [row], "one row is one invocation");
    }
}
