//! When each row of a trace ran on one axis, and whose it is: what a trace is, whichever of its rows are drawn.

use std::collections::HashMap;

use coldlight_model::{InvocationSummary, Nanos, SpanTree, Timestamp, Trace};

use super::critical::CriticalPath;
use super::selftime::{Interval, self_times};
use super::shown;
use super::skew::{Skew, skew};
use super::state::{Clock, Until};
use crate::palette::Palette;

/// Worked out from every row. Everything per row is indexed like the tree's nodes.
pub struct Course {
    /// Nanoseconds after [`Course::start`]; (0, 0) for a span that is missing, unless it is known what it was.
    pub ran: Vec<Interval>,
    /// How long each row ran while none below it did.
    pub own: Vec<Nanos>,
    /// The first start as sent.
    pub start: Timestamp,
    /// To the last end, at least 1.
    pub length: i64,
    pub skew: Skew,
    /// Which row of its id each is, counted from 1.
    pub nths: Vec<u32>,
    /// Distinct services by first appearance among the rows.
    pub services: Vec<Service>,
    /// Index into `services`; of a missing span nothing useful.
    pub service_of: Vec<u32>,
    /// The row that answers for the trace.
    pub root: Option<usize>,
    pub path: CriticalPath,
}

/// A service of the trace.
pub struct Service {
    pub name: String,
    /// CSS classes of its colour and texture.
    pub class: String,
}

impl Course {
    /// `open` as in [`super::scene::Scene`].
    pub fn new(
        trace: &Trace,
        tree: &SpanTree,
        clock: Clock,
        until: Until,
        open: &HashMap<usize, &InvocationSummary>,
    ) -> Self {
        let skew = skew(trace, tree);
        let (mut ran, mut length) = axis(trace, tree, (clock == Clock::Fixed).then_some(&skew.shift));
        let start = trace.spans.first().map(|span| span.started_at).unwrap_or_default();
        for (node, one) in open {
            let from = one.started_at.nanos().saturating_sub(start.nanos()).max(0);
            let to = from.saturating_add_unsigned(one.duration.unwrap_or(0).min(i64::MAX as Nanos));
            ran[*node] = (from, to);
            length = length.max(to);
        }
        let (services, service_of) = services(trace, tree);
        let root = root(trace, tree);
        Self {
            path: CriticalPath::new(tree, &trace.spans, &ran, root, until),
            own: self_times(tree, &ran),
            nths: shown::nths(tree),
            start,
            root,
            ran,
            length,
            skew,
            services,
            service_of,
        }
    }
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
fn services(trace: &Trace, tree: &SpanTree) -> (Vec<Service>, Vec<u32>) {
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
    let services =
        names.into_iter().map(|name| Service { name: name.to_owned(), class: palette.class(name) }).collect();
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
