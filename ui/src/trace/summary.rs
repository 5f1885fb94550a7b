//! What the panel shows while no span is selected: who spent the time, what went wrong, what was logged.

use std::collections::BTreeSet;

use coldlight_model::{Nanos, Outcome};

use super::attributes::Budget;
use super::cost::{self, TraceCostView};
use super::key::RowKey;
use super::lines::{self, LogView};
use super::scene::Scene;
use super::waterfall::{operation, short_type};
use crate::pages::trace::TracePage;
use crate::shell::Shell;
use crate::{format, icon, text};

/// Lines of each list; the rest is said as a number.
const MOST: usize = 10;
const MOST_LOGS: usize = 50;

/// Where to look first.
pub struct Summary {
    pub problems: Vec<SpanLine>,
    /// Problems beyond those listed, and the link that shows them all.
    pub more_problems: Option<(String, String)>,
    pub slowest: Vec<SpanLine>,
    pub logs: Vec<LogView>,
    pub more_logs: Option<String>,
    pub cost: Option<TraceCostView>,
}

/// A span in a list.
pub struct SpanLine {
    pub href: String,
    pub class: String,
    /// Symbol and word of its outcome, for a problem.
    pub glyph: Option<(&'static str, &'static str)>,
    pub service: String,
    pub operation: String,
    /// Error type, status or self time.
    pub note: String,
}

pub fn summary(scene: &Scene, shell: &Shell, page: &TracePage<'_>) -> Summary {
    let logs = page.logs;
    let problems = || {
        let is_problem = |at: &usize| scene.span(*at).is_some_and(|span| span.outcome != Outcome::Ok);
        (0..scene.tree.nodes.len()).filter(is_problem)
    };
    let count = problems().count();
    let mut worst: Vec<usize> = problems().collect();
    // Faults first; among equals the deepest, where the cause usually is, then the earliest.
    let rank = |at: &usize| {
        let outcome = scene.span(*at).map(|span| span.outcome).unwrap_or_default();
        std::cmp::Reverse((outcome, scene.tree.nodes[*at].level))
    };
    worst.sort_by_key(rank);
    let budget = &mut Budget::default();
    let place = |span| super::shown::find(scene.tree, RowKey::first(span)).map(|node| select(scene, node));
    Summary {
        problems: worst.iter().take(MOST).map(|at| problem(scene, *at)).collect(),
        more_problems: (count > MOST).then(|| {
            let href = scene.state.link(|state| (state.only, state.rows) = (super::state::Only::Problems, None));
            (format!("All {} problems", format::count(count as u64)), href)
        }),
        slowest: slowest(scene),
        cost: cost::of_trace(page.invocations, page.cost, scene.trace.trace_id),
        logs: logs.iter().take(MOST_LOGS).map(|line| lines::log(line, shell, Some(&place), budget)).collect(),
        more_logs: (logs.len() > MOST_LOGS).then(|| {
            format!(
                "The first {MOST_LOGS} of {} log lines; select a span to see its own.",
                format::count(logs.len() as u64)
            )
        }),
    }
}

fn select(scene: &Scene, node: usize) -> String {
    let key = scene.key(node);
    format!("{}#s-{key}", scene.state.link(|state| (state.span, state.rows) = (Some(key), None)))
}

fn line(scene: &Scene, node: usize, note: String) -> SpanLine {
    let span = scene.span(node);
    let outcome = span.map(|span| span.outcome).filter(|outcome| *outcome != Outcome::Ok);
    SpanLine {
        href: select(scene, node),
        class: scene.class(node).to_owned(),
        glyph: outcome.map(|outcome| (icon::of_outcome(outcome), outcome.name())),
        service: text::named(scene.dependency(node).or(span.map(|span| span.service.as_str())).unwrap_or(""), 60),
        operation: text::named(&span.map(operation).unwrap_or_default(), 80),
        note,
    }
}

fn problem(scene: &Scene, node: usize) -> SpanLine {
    let span = scene.span(node);
    let status = || span.and_then(|span| span.http_status).map(|status| status.to_string());
    let kind = span.and_then(|span| span.error_type.as_deref()).map(|kind| short_type(kind).to_owned());
    let message = || span.map(|span| span.status_message.clone()).filter(|message| !message.is_empty());
    line(scene, node, text::cut(&kind.or_else(status).or_else(message).unwrap_or_default(), 60))
}

/// A span and how long it ran.
pub fn slow(scene: &Scene, node: usize) -> SpanLine {
    line(scene, node, format::duration(scene.span(node).map_or(0, |span| span.duration)))
}

/// The spans with the most time of their own.
fn slowest(scene: &Scene) -> Vec<SpanLine> {
    let mut top: BTreeSet<(Nanos, std::cmp::Reverse<usize>)> = BTreeSet::new();
    for (node, own) in scene.own.iter().enumerate().filter(|(_, own)| **own > 0) {
        top.insert((*own, std::cmp::Reverse(node)));
        if top.len() > MOST / 2 {
            top.pop_first();
        }
    }
    top.into_iter().rev().map(|(own, node)| line(scene, node.0, format::duration(own))).collect()
}
