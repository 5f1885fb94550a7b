//! Why a trace failed: from the root's failure down the calls to the deepest failure that explains it.
//!
//! At every step the failing call that ended last is followed, for it is the one after which the caller gave up; a failure
//! of the caller's own kind goes before a lesser one. What a message started never failed its sender.

use coldlight_model::Outcome;

use super::scene::Scene;
use super::waterfall::{operation, short_type};
use crate::text;

/// The line in the header.
pub struct Cause {
    pub href: String,
    pub service: String,
    pub class: String,
    pub operation: String,
    /// Error type, status or message.
    pub what: String,
    /// How far below the root it is.
    pub below: String,
}

/// `None` where the root went well, or failed by itself.
pub fn cause(scene: &Scene) -> Option<Cause> {
    let root = scene.root?;
    let node = found(scene)?;
    let span = scene.span(node);
    let service = scene.dependency(node).or(span.map(|span| span.service.as_str()));
    let service = scene.open.get(&node).map(|one| one.function_name()).or(service).unwrap_or("");
    let levels = scene.tree.nodes[node].level - scene.tree.nodes[root].level;
    let key = scene.key(node);
    Some(Cause {
        href: format!("{}#s-{key}", scene.state.link(|state| (state.span, state.rows) = (Some(key), None))),
        service: text::named(service, 60),
        class: scene.class(node).to_owned(),
        operation: text::named(&span.map_or("Lambda invocation".into(), operation), 80),
        what: text::cut(&what(scene, node), 120),
        below: if levels == 1 { "1 level down".to_owned() } else { format!("{levels} levels down") },
    })
}

fn what(scene: &Scene, node: usize) -> String {
    if let Some(one) = scene.open.get(&node) {
        return crate::invocations::row::outcome(one.outcome).1.to_owned();
    }
    let Some(span) = scene.span(node) else { return String::new() };
    let kind = span.error_type.as_deref().map(short_type).map(str::to_owned);
    let status = span.http_status.map(|status| status.to_string());
    let told: Vec<String> = [kind.or(status), Some(span.status_message.clone())]
        .into_iter()
        .flatten()
        .filter(|word| !word.is_empty())
        .collect();
    if told.is_empty() { span.outcome.name().to_owned() } else { told.join(": ") }
}

/// The row that explains the root's failure, when it is not the root itself.
fn found(scene: &Scene) -> Option<usize> {
    let root = scene.root?;
    if severity(scene, root) == Outcome::Ok {
        return None;
    }
    let mut at = root;
    while let Some(next) = blamed(scene, at) {
        at = next;
    }
    (at != root).then_some(at)
}

/// How badly a row failed; an invocation that was stopped did so badly.
fn severity(scene: &Scene, node: usize) -> Outcome {
    if scene.open.contains_key(&node) {
        return Outcome::Fault;
    }
    scene.span(node).map(|span| span.outcome).unwrap_or_default()
}

/// The failing call below a row that counts. A row for a parent that never came is looked through.
fn blamed(scene: &Scene, node: usize) -> Option<usize> {
    let own = severity(scene, node);
    let mut waiting: Vec<usize> = scene.children(node).collect();
    let mut worst: Option<((bool, i64, usize), usize)> = None;
    while let Some(child) = waiting.pop() {
        if scene.span(child).is_none() && !scene.open.contains_key(&child) {
            waiting.extend(scene.children(child));
            continue;
        }
        let failed = severity(scene, child);
        if failed == Outcome::Ok || super::critical::is_handed_over(scene.tree, &scene.trace.spans, child) {
            continue;
        }
        let key = (failed >= own, scene.ran[child].1, child);
        if worst.is_none_or(|(known, _)| key > known) {
            worst = Some((key, child));
        }
    }
    worst.map(|(_, child)| child)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::trace::TracePage;
    use crate::trace::fixtures::{Draft, drafted};
    use crate::trace::state::State;
    use coldlight_model::{Kind, SpanTree, Timestamp};

    /// The number of the span that is blamed.
    #[track_caller]
    fn check(drafts: &[Draft], expected: Option<u64>) {
        let trace = drafted(drafts);
        let tree = SpanTree::build(&trace.spans);
        let state = State::parse("", Timestamp::EPOCH);
        let scene = Scene::new(&TracePage::of(&trace, &tree), &state);
        let number = |node: usize| u64::from_be_bytes(*tree.nodes[node].span_id.bytes());
        assert_eq!(found(&scene).map(number), expected);
    }

    fn fails(id: u64, parent: u64, start: u64, length: u64) -> Draft {
        Draft::new(id, parent, start, length).fails("Timeout", "")
    }

    #[test]
    fn the_deepest_failure_below_a_failed_root_is_its_cause() {
        check(&[fails(1, 0, 0, 100), Draft::new(5, 1, 1, 5), fails(2, 1, 10, 80), fails(3, 2, 20, 60)], Some(3));
    }

    #[test]
    fn a_root_that_went_well_has_no_cause_and_one_that_failed_alone_is_its_own() {
        check(&[Draft::new(1, 0, 0, 100), fails(2, 1, 10, 80)], None);
        check(&[fails(1, 0, 0, 100), Draft::new(2, 1, 10, 80)], None);
    }

    #[test]
    fn of_several_tries_the_last_is_to_blame() {
        check(&[fails(1, 0, 0, 100), fails(2, 1, 0, 30), fails(3, 1, 30, 30), fails(4, 1, 60, 30)], Some(4));
    }

    #[test]
    fn a_lesser_failure_that_ended_later_does_not_explain_a_fault() {
        check(&[fails(1, 0, 0, 100), fails(2, 1, 0, 30), Draft::new(3, 1, 40, 30).http(404)], Some(2));
    }

    #[test]
    fn what_a_message_started_did_not_fail_its_sender() {
        check(&[fails(1, 0, 0, 100), fails(2, 1, 10, 500).kind(Kind::CONSUMER)], None);
    }

    #[test]
    fn a_parent_that_never_came_is_looked_through() {
        check(&[fails(1, 0, 0, 100), fails(2, 1, 5, 90), fails(3, 2, 20, 60), fails(4, 9, 20, 60)], Some(3));
    }
}
