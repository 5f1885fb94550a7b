//! What the parts of the trace page share: when each row ran on one axis, whose it is, which rows are drawn.

use std::collections::HashMap;

use coldlight_model::{InvocationSummary, Kind, Nanos, Outcome, SpanId, SpanTree, Timestamp, Trace, TraceSpan};

use super::critical::CriticalPath;
use super::key::RowKey;
use super::open::open;
use super::selftime::Interval;
use super::shown::{self, Shown};
use super::skew::{Skew, skew};
use super::state::{Clock, State};
use crate::palette::Palette;

/// A trace as this state of the page sees it. Everything per row is indexed like the tree's nodes.
pub struct Scene<'a> {
    pub trace: &'a Trace,
    pub tree: &'a SpanTree,
    pub state: &'a State,
    /// Nanoseconds after [`Scene::start`]; (0, 0) for a span that is missing, unless it is known what it was.
    pub ran: Vec<Interval>,
    /// The first start as sent.
    pub start: Timestamp,
    /// To the last end, at least 1.
    pub length: i64,
    pub skew: Skew,
    pub nths: Vec<u32>,
    /// Distinct services by first appearance among the rows.
    pub services: Vec<Service<'a>>,
    /// Index into `services`; of a missing span nothing useful.
    pub service_of: Vec<u32>,
    pub shown: Shown,
    /// The row that answers for the trace.
    pub root: Option<usize>,
    pub path: CriticalPath,
    /// Rows without a span whose invocation was stopped.
    pub open: HashMap<usize, &'a InvocationSummary>,
}

/// A service of the trace.
pub struct Service<'a> {
    pub name: &'a str,
    /// CSS classes of its colour and texture.
    pub class: String,
}

impl<'a> Scene<'a> {
    pub fn new(
        trace: &'a Trace,
        tree: &'a SpanTree,
        state: &'a State,
        matches: Option<&[SpanId]>,
        invocations: &'a [InvocationSummary],
    ) -> Self {
        let open = open(trace, tree, invocations);
        let skew = skew(trace, tree);
        let nths = shown::nths(tree);
        let (mut ran, mut length) = axis(trace, tree, (state.clock == Clock::Fixed).then_some(&skew.shift));
        let start = trace.spans.first().map(|span| span.started_at).unwrap_or_default();
        for (node, one) in &open {
            let from = one.started_at.nanos().saturating_sub(start.nanos()).max(0);
            let to = from.saturating_add_unsigned(one.duration.unwrap_or(0).min(i64::MAX as Nanos));
            ran[*node] = (from, to);
            length = length.max(to);
        }
        let (services, service_of) = services(trace, tree);
        let root = root(trace, tree);
        Self {
            path: CriticalPath::new(tree, &trace.spans, &ran, root, state.until),
            shown: shown::shown(tree, &trace.spans, &nths, state, matches),
            start,
            open,
            root,
            trace,
            tree,
            state,
            ran,
            length,
            skew,
            nths,
            services,
            service_of,
        }
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

/// When each row ran, counted from the earliest, and the length of it all.
fn axis(trace: &Trace, tree: &SpanTree, shift: Option<&Vec<i64>>) -> (Vec<Interval>, i64) {
    let of = |(at, node): (usize, &coldlight_model::TreeNode)| {
        let span = &trace.spans[node.span?];
        let from = span.started_at.nanos().saturating_add(shift.map_or(0, |shift| shift[at]));
        Some((from, from.saturating_add_unsigned(span.duration.min(i64::MAX as Nanos))))
    };
    let sent: Vec<Option<Interval>> = tree.nodes.iter().enumerate().map(of).collect();
    let first = sent.iter().flatten().map(|(from, _)| *from).min().unwrap_or(0);
    let last = sent.iter().flatten().map(|(_, to)| *to).max().unwrap_or(0);
    let ran =
        sent.iter().map(|ran| ran.map_or((0, 0), |(from, to)| (from.saturating_sub(first), to.saturating_sub(first))));
    (ran.collect(), last.saturating_sub(first).max(1))
}

/// Services by first appearance, and each row's.
fn services<'a>(trace: &'a Trace, tree: &SpanTree) -> (Vec<Service<'a>>, Vec<u32>) {
    let mut index: HashMap<&str, u32> = HashMap::new();
    let mut names: Vec<&str> = Vec::new();
    let mut last: (&str, u32) = ("", u32::MAX);
    let of = |node: &coldlight_model::TreeNode| {
        let Some(span) = node.span else { return u32::MAX };
        let name = trace.spans[span].service.as_str();
        if name != last.0 || last.1 == u32::MAX {
            let at = *index.entry(name).or_insert_with(|| {
                names.push(name);
                names.len() as u32 - 1
            });
            last = (name, at);
        }
        last.1
    };
    let service_of = tree.nodes.iter().map(of).collect();
    let palette = Palette::of(names.iter().copied());
    let services = names.into_iter().map(|name| Service { name, class: palette.class(name) }).collect();
    (services, service_of)
}

/// The earliest row without a parent, else the earliest whose parent is missing, else (all in circles) the first.
fn root(trace: &Trace, tree: &SpanTree) -> Option<usize> {
    let without = |at: &usize| tree.nodes[*at].span.is_some_and(|span| trace.spans[span].parent_span_id.is_none());
    let tops = || (0..tree.nodes.len()).filter(|at| tree.nodes[*at].parent.is_none());
    let orphan = |at: &usize| tree.nodes[*at].parent.is_some_and(|parent| tree.nodes[parent].span.is_none());
    let start = |at: &usize| tree.nodes[*at].span.map(|span| trace.spans[span].started_at);
    tops()
        .filter(without)
        .min_by_key(start)
        .or_else(|| (0..tree.nodes.len()).filter(orphan).min_by_key(start))
        .or_else(|| (0..tree.nodes.len()).find(|at| tree.nodes[*at].span.is_some()))
}
