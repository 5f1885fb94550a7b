//! Spans as a tree, whatever arrived: missing parents, several roots, cycles, ids used twice.
//!
//! The rows stand in the order they are drawn (a parent, then its children by start), each with the size of its subtree,
//! so that closing a row is arithmetic. Iterative throughout: depth comes from strangers.

use std::collections::HashMap;

use crate::{Kind, Outcome, SpanId, TraceSpan};

/// A trace's spans in drawing order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpanTree {
    pub nodes: Vec<TreeNode>,
}

/// One row: a span, or a placeholder for a parent that never came.
#[derive(Clone, Debug, PartialEq)]
pub struct TreeNode {
    /// Index into the spans the tree was built from; `None` for a missing span.
    pub span: Option<usize>,
    /// The span's id, or the id that others name as their parent.
    pub span_id: SpanId,
    /// Index into [`SpanTree::nodes`].
    pub parent: Option<usize>,
    pub level: u32,
    /// Direct children.
    pub children: u32,
    /// All rows below this one; they are the next `descendants` nodes.
    pub descendants: u32,
    /// Faults among the rows below.
    pub faults_below: u32,
    /// Its parents form a circle; it was cut loose here, at its earliest span.
    pub cycle: bool,
}

/// Who stands above a span.
#[derive(Clone, Copy, PartialEq)]
enum Above {
    Root,
    Span(usize),
    Missing(SpanId),
}

impl SpanTree {
    /// Builds the tree of `spans`, which must be in order of start.
    pub fn build(spans: &[TraceSpan]) -> Self {
        let mut above = parents(spans);
        let in_cycle = break_cycles(spans, &mut above);

        let mut missing: Vec<SpanId> = Vec::new();
        let mut missing_index: HashMap<SpanId, usize> = HashMap::new();
        // Slots 0..spans.len() are spans, the rest are missing parents in order of their first child.
        let mut families = Families::of(spans.len());
        for (index, parent) in above.iter().enumerate() {
            match *parent {
                Above::Root => families.roots.add(index, &mut families.next),
                Above::Span(parent) => families.add(parent, index),
                Above::Missing(id) => {
                    let slot = *missing_index.entry(id).or_insert_with(|| {
                        missing.push(id);
                        families.add_root()
                    });
                    families.add(slot, index);
                }
            }
        }

        let mut tree = Self { nodes: Vec::with_capacity(spans.len() + missing.len()) };
        let mut waiting: Vec<(usize, Option<usize>, u32)> = Vec::new();
        waiting.extend(families.roots.first.map(|slot| (slot, None, 0)));
        while let Some((slot, parent, level)) = waiting.pop() {
            let at = tree.nodes.len();
            let children = &families.children[slot];
            tree.nodes.push(TreeNode {
                span: (slot < spans.len()).then_some(slot),
                span_id: spans.get(slot).map_or_else(|| missing[slot - spans.len()], |span| span.span_id),
                parent,
                level,
                children: children.count,
                descendants: 0,
                faults_below: 0,
                cycle: slot < spans.len() && in_cycle[slot],
            });
            waiting.extend(families.next[slot].map(|next| (next, parent, level)));
            waiting.extend(children.first.map(|child| (child, Some(at), level + 1)));
        }
        for at in (0..tree.nodes.len()).rev() {
            let Some(parent) = tree.nodes[at].parent else { continue };
            let own_fault = tree.nodes[at].span.is_some_and(|span| spans[span].outcome == Outcome::Fault);
            let (descendants, faults) = (tree.nodes[at].descendants, tree.nodes[at].faults_below);
            tree.nodes[parent].descendants += descendants + 1;
            tree.nodes[parent].faults_below += faults + u32::from(own_fault);
        }
        tree
    }

    /// The node of a span id; of an id used twice, the first.
    pub fn find(&self, id: SpanId) -> Option<usize> {
        self.nodes.iter().position(|node| node.span_id == id)
    }
}

/// Who stands under whom, as lists through the slots: a list of its own for each of 100,000 spans takes longer than all the rest.
struct Families {
    roots: Siblings,
    children: Vec<Siblings>,
    /// Who comes after a slot among the children of its parent.
    next: Vec<Option<usize>>,
}

#[derive(Clone, Copy, Default)]
struct Siblings {
    first: Option<usize>,
    last: Option<usize>,
    count: u32,
}

impl Siblings {
    fn add(&mut self, slot: usize, next: &mut [Option<usize>]) {
        match self.last {
            Some(last) => next[last] = Some(slot),
            None => self.first = Some(slot),
        }
        self.last = Some(slot);
        self.count += 1;
    }
}

impl Families {
    fn of(slots: usize) -> Self {
        Self { roots: Siblings::default(), children: vec![Siblings::default(); slots], next: vec![None; slots] }
    }

    fn add(&mut self, parent: usize, child: usize) {
        self.children[parent].add(child, &mut self.next);
    }

    /// A slot more, under nobody.
    fn add_root(&mut self) -> usize {
        let slot = self.children.len();
        self.children.push(Siblings::default());
        self.next.push(None);
        self.roots.add(slot, &mut self.next);
        slot
    }
}

/// Who an id leads to: the span that takes its children, and under whose CLIENT of the same id that one hangs.
struct Named {
    id: SpanId,
    client: Option<usize>,
    serves: usize,
}

/// Every id once, in order: to sort 100,000 of them and to look among them takes half as long as a hash map of strangers' keys.
fn by_id(spans: &[TraceSpan]) -> Vec<Named> {
    let mut ids: Vec<(SpanId, usize)> = spans.iter().enumerate().map(|(index, span)| (span.span_id, index)).collect();
    ids.sort_unstable();
    let mut named: Vec<Named> = Vec::with_capacity(ids.len());
    for (id, index) in ids {
        let Some(one) = named.last_mut().filter(|one| one.id == id) else {
            named.push(Named { id, client: None, serves: index });
            continue;
        };
        let kind = spans[index].kind;
        if kind == Kind::SERVER || kind == Kind::CONSUMER {
            one.client = Some(one.serves);
            one.serves = index;
        } else if one.client.is_none() && spans[one.serves].kind != kind {
            one.client = Some(index);
        }
    }
    named
}

/// Each span's parent by id. A SERVER span that reuses its CLIENT's id (Zipkin) hangs under it and takes its children.
fn parents(spans: &[TraceSpan]) -> Vec<Above> {
    let named = by_id(spans);
    // Siblings follow one another.
    let mut last = None;
    let mut above: Vec<Above> = spans
        .iter()
        .map(|span| match span.parent_span_id {
            None => Above::Root,
            Some(id) => match last {
                Some((of, above)) if of == id => above,
                _ => {
                    let found = named.binary_search_by_key(&id, |one| one.id);
                    let above = found.map_or(Above::Missing(id), |at| Above::Span(named[at].serves));
                    last = Some((id, above));
                    above
                }
            },
        })
        .collect();
    for Named { client, serves, .. } in named {
        if let Some(client) = client.filter(|client| *client != serves) {
            above[serves] = Above::Span(client);
        }
    }
    above
}

/// Cuts every circle of parents at its earliest span, and says which spans were in one.
fn break_cycles(spans: &[TraceSpan], above: &mut [Above]) -> Vec<bool> {
    const UNSEEN: usize = usize::MAX;
    let mut in_cycle = vec![false; spans.len()];
    let mut seen_in = vec![UNSEEN; spans.len()];
    for start in 0..spans.len() {
        let mut at = start;
        while seen_in[at] == UNSEEN {
            seen_in[at] = start;
            match above[at] {
                Above::Span(parent) => at = parent,
                _ => break,
            }
        }
        // Walked back into this very walk: a circle through `at`.
        if let Above::Span(_) = above[at]
            && seen_in[at] == start
        {
            let mut member = at;
            let mut members = Vec::new();
            loop {
                members.push(member);
                match above[member] {
                    Above::Span(parent) if parent != at => member = parent,
                    Above::Span(_) => break,
                    _ => {
                        members.clear();
                        break;
                    }
                }
            }
            let earliest: Option<usize> = members.iter().copied().min_by_key(|m| (spans[*m].started_at, *m));
            if let Some(earliest) = earliest {
                above[earliest] = Above::Root;
                for member in members {
                    in_cycle[member] = true;
                }
            }
        }
    }
    in_cycle
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ResourceId, StatusCode, Timestamp};
    use proptest::prelude::*;

    fn span(id: u8, parent: Option<u8>, start: u64, kind: Kind) -> TraceSpan {
        let id_of = |n: u8| SpanId::new([n; 8]).unwrap();
        TraceSpan {
            span_id: id_of(id),
            parent_span_id: parent.map(id_of),
            name: format!("span {id}"),
            kind,
            service: "s".into(),
            platform: Default::default(),
            resource: ResourceId(1),
            started_at: Timestamp::from_nanos(start),
            duration: 10,
            outcome: Outcome::Ok,
            status_code: StatusCode::UNSET,
            status_message: String::new(),
            http_status: None,
            error_type: None,
            remote: None,
            way: Default::default(),
            invocation_id: None,
            records: None,
            sent_at: None,
            event_times: vec![],
            links: 0,
            oddities: Default::default(),
            received_at: Default::default(),
        }
    }

    fn drawn(spans: &[TraceSpan]) -> String {
        let tree = SpanTree::build(spans);
        tree.nodes
            .iter()
            .map(|node| {
                let what = if node.span.is_some() { "" } else { "?" };
                format!("{}{what}{:x}", "-".repeat(node.level as usize), node.span_id.bytes()[0])
            })
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn children_stand_under_their_parent_by_start() {
        let spans = [
            span(1, None, 0, Kind::SERVER),
            span(3, Some(1), 1, Kind::CLIENT),
            span(2, Some(1), 2, Kind::CLIENT),
            span(4, Some(3), 3, Kind::SERVER),
        ];
        assert_eq!(drawn(&spans), "1 -3 --4 -2");
        assert_eq!(SpanTree::build(&spans).nodes[0].descendants, 3);
    }

    #[test]
    fn orphans_hang_under_one_missing_span() {
        let spans = [span(1, Some(9), 0, Kind::CLIENT), span(2, Some(9), 1, Kind::CLIENT)];
        assert_eq!(drawn(&spans), "?9 -1 -2");
    }

    #[test]
    fn a_cycle_is_cut_at_its_earliest_span() {
        let spans = [span(1, Some(2), 0, Kind::SERVER), span(2, Some(1), 1, Kind::SERVER)];
        assert_eq!(drawn(&spans), "1 -2");
        assert!(SpanTree::build(&spans).nodes.iter().all(|node| node.cycle));
        assert_eq!(drawn(&[span(1, Some(1), 0, Kind::SERVER)]), "1");
    }

    #[test]
    fn a_server_span_with_its_clients_id_hangs_under_it() {
        let spans =
            [span(1, None, 0, Kind::CLIENT), span(1, None, 1, Kind::SERVER), span(2, Some(1), 2, Kind::INTERNAL)];
        assert_eq!(drawn(&spans), "1 -1 --2");
    }

    proptest! {
        #[test]
        fn every_span_is_drawn_once_whatever_the_parents(
            shape in proptest::collection::vec((1u8..12, proptest::option::of(1u8..14), 0u64..20, 1i32..6), 0..40),
        ) {
            let mut spans: Vec<_> = shape.into_iter().map(|(id, parent, start, kind)| span(id, parent, start, Kind(kind))).collect();
            spans.sort_by_key(|span| span.started_at);
            let tree = SpanTree::build(&spans);
            let mut drawn: Vec<usize> = tree.nodes.iter().filter_map(|node| node.span).collect();
            drawn.sort_unstable();
            prop_assert_eq!(drawn, (0..spans.len()).collect::<Vec<_>>());
            for (at, node) in tree.nodes.iter().enumerate() {
                prop_assert!(at + (node.descendants as usize) < tree.nodes.len());
                if let Some(parent) = node.parent {
                    prop_assert!(parent < at && at <= parent + tree.nodes[parent].descendants as usize);
                    prop_assert_eq!(tree.nodes[parent].level + 1, node.level);
                }
            }
        }
    }
}
