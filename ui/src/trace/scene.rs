//! A trace as one state of the page sees it: what the parts of the page share.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use coldlight_model::{InvocationSummary, Kind, Nanos, Outcome, SpanTree, Trace, TraceSpan};

use super::course::Course;
use super::key::RowKey;
use super::open::open;
use super::scenes::Scenes;
use super::selftime::Interval;
use super::shown::Shown;
use super::state::State;
use crate::pages::trace::TracePage;

/// When rows ran and whose they are stands in its [`Course`]. Everything per row is indexed like the tree's nodes.
pub struct Scene<'a> {
    pub trace: &'a Trace,
    pub tree: &'a SpanTree,
    pub state: &'a State,
    course: Arc<Course>,
    pub shown: Arc<Shown>,
    /// Rows without a span whose invocation was stopped.
    pub open: HashMap<usize, &'a InvocationSummary>,
}

impl Deref for Scene<'_> {
    type Target = Course;

    fn deref(&self) -> &Course {
        &self.course
    }
}

impl<'a> Scene<'a> {
    pub fn new(page: &TracePage<'a>, state: &'a State) -> Self {
        let TracePage { trace, tree, .. } = *page;
        let open = open(trace, tree, page.invocations);
        let alone = Scenes::default();
        let scenes = page.scenes.unwrap_or(&alone);
        let course = scenes.course(trace, tree, state, &open);
        let shown = scenes.shown(trace, tree, &course, state, page.matches);
        Self { trace, tree, state, course, shown, open }
    }

    pub fn span(&self, node: usize) -> Option<&'a TraceSpan> {
        self.tree.nodes[node].span.map(|span| &self.trace.spans[span])
    }

    /// When on the axis what the span was given was handed over, and when it started: it waited in between.
    pub fn waited(&self, node: usize) -> Option<(Interval, Nanos)> {
        let parent = self.tree.nodes[node].parent.and_then(|above| self.span(above));
        let waited = self.span(node)?.waited(parent)?;
        let (from, _) = self.ran[node];
        let sent = from.saturating_sub(i64::try_from(waited).unwrap_or(i64::MAX));
        Some(((sent.max(0), from), waited))
    }

    pub fn key(&self, node: usize) -> RowKey {
        RowKey::new(self.tree.nodes[node].span_id, self.nths[node])
    }

    /// The name of the fold that begins at a row.
    pub fn fold_key(&self, node: usize) -> RowKey {
        RowKey { is_fold: true, ..self.key(node) }
    }

    /// Colour classes of a row.
    pub fn class(&self, node: usize) -> &str {
        self.services.get(self.service_of[node] as usize).map_or("", |service| service.class.as_str())
    }

    /// The whole axis: some room after the last end, so that one sees that it is the end.
    pub fn extent(&self) -> i64 {
        self.length.saturating_add(self.length / 25).max(1)
    }

    /// The part of the axis that is drawn.
    pub fn window(&self) -> Interval {
        self.state.zoom.unwrap_or((0, self.extent()))
    }

    /// When the root ended, where there is a root: what its caller waited for.
    pub fn response_at(&self) -> Option<i64> {
        let root = self.root?;
        self.span(root)?.parent_span_id.is_none().then(|| self.ran[root].1)
    }

    /// How many spans had each outcome.
    pub fn outcomes(&self) -> [(Outcome, u64); 4] {
        let mut counts = [Outcome::Ok, Outcome::Error, Outcome::Throttle, Outcome::Fault].map(|outcome| (outcome, 0));
        for span in &self.trace.spans {
            counts[span.outcome as usize].1 += 1;
        }
        counts
    }

    /// Whether a row is a call to something that sends no spans of its own, and what that is called.
    pub fn dependency(&self, node: usize) -> Option<&'a str> {
        let span = self.span(node)?;
        if span.kind != Kind::CLIENT && span.kind != Kind::PRODUCER {
            return None;
        }
        let remote = span.remote.as_ref().filter(|remote| !remote.name.is_empty())?;
        // Queues and tables never send spans; a service does as soon as it is instrumented, and then its row stands below.
        let answers = |child: usize| self.service_of[child] != self.service_of[node];
        (!remote.kind.is_service() && !is_host(remote.kind) || !self.children(node).any(answers))
            .then_some(remote.name.as_str())
    }

    /// The direct children of a row.
    pub fn children(&self, node: usize) -> impl Iterator<Item = usize> {
        let end = node + 1 + self.tree.nodes[node].descendants as usize;
        let mut at = node + 1;
        std::iter::from_fn(move || {
            let child = (at < end).then_some(at)?;
            at += 1 + self.tree.nodes[child].descendants as usize;
            Some(child)
        })
    }
}

/// A host known by name only may well be a service of ours.
fn is_host(kind: coldlight_model::NodeKind) -> bool {
    use coldlight_model::NodeKind;
    matches!(kind, NodeKind::External | NodeKind::ApiGateway | NodeKind::Alb | NodeKind::FunctionUrl)
}
