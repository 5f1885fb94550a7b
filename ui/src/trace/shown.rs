//! Which rows of the tree are on the page: what is open, what the filters leave, what is dimmed.
//!
//! A few passes over the rows, none of them recursive. Filters never tear a row from its ancestors: those stay, dimmed.

use std::collections::{HashMap, HashSet};

use coldlight_model::{Outcome, SpanId, SpanTree, TraceSpan};

use super::fold::{Fold, folds};
use super::key::RowKey;
use super::state::{Depth, Only, State};

/// A trace of more spans than this opens only in part, unless the address says how far.
pub const CROWDED: usize = 1_000;
/// Levels that stand open in a crowded trace, besides the ways to its faults.
pub const CROWDED_LEVELS: u32 = 3;

/// The rows to draw.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    /// In order.
    pub rows: Vec<Line>,
    marks: Vec<u8>,
    /// Those that have a row of their own, by their first row.
    folds: HashMap<u32, Folded>,
    /// How many there are to fold, whether they are or not.
    pub foldable: usize,
}

/// A drawn row: a node of the tree, or the fold that begins there, which stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    node: u32,
    pub is_fold: bool,
}

impl Line {
    pub fn node(self) -> usize {
        self.node as usize
    }

    fn order(self) -> (u32, bool) {
        (self.node, !self.is_fold)
    }
}

/// A fold with a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Folded {
    pub fold: Fold,
    pub is_open: bool,
    pub opens_itself: bool,
}

const OPEN: u8 = 1;
const DIM: u8 = 2;
const MATCH: u8 = 4;
const OPENS_ITSELF: u8 = 8;
const OPENS: u8 = 16;
const INSIDE: u8 = 32;

impl Shown {
    /// Whether the row has children that the filters leave.
    pub fn opens(&self, node: usize) -> bool {
        self.marks[node] & OPENS != 0
    }

    /// Whether the row's children are drawn; false for a row without any.
    pub fn is_open(&self, node: usize) -> bool {
        self.marks[node] & OPEN != 0
    }

    /// Whether the row would be open if nobody had opened or closed it by hand.
    pub fn opens_itself(&self, node: usize) -> bool {
        self.marks[node] & OPENS_ITSELF != 0
    }

    /// Whether the row is there only because something below it is.
    pub fn is_dim(&self, node: usize) -> bool {
        self.marks[node] & DIM != 0
    }

    /// Whether the search found its span.
    pub fn is_match(&self, node: usize) -> bool {
        self.marks[node] & MATCH != 0
    }

    /// The fold whose row stands before this node.
    pub fn fold(&self, node: usize) -> Option<Folded> {
        self.folds.get(&(node as u32)).copied()
    }

    /// Whether the row stands below the row of a fold, and so a level deeper than in the tree.
    pub fn is_inside(&self, node: usize) -> bool {
        self.marks[node] & INSIDE != 0
    }

    /// Where a node, or the fold that begins there, stands among the drawn rows.
    pub fn position(&self, node: usize, is_fold: bool) -> Option<usize> {
        let line = Line { node: node as u32, is_fold };
        self.rows.binary_search_by_key(&line.order(), |line| line.order()).ok()
    }
}

/// Which row of its id each row is, counted from 1.
pub fn nths(tree: &SpanTree) -> Vec<u32> {
    let mut seen = HashSet::with_capacity(tree.nodes.len());
    let mut again: HashMap<SpanId, u32> = HashMap::new();
    let count = |node: &coldlight_model::TreeNode| {
        if seen.insert(node.span_id) {
            return 1;
        }
        let nth = again.entry(node.span_id).or_insert(1);
        *nth += 1;
        *nth
    };
    tree.nodes.iter().map(count).collect()
}

/// The node of a row's name.
pub fn find(tree: &SpanTree, key: RowKey) -> Option<usize> {
    let mut of_id = tree.nodes.iter().enumerate().filter(|(_, node)| node.span_id == key.id);
    of_id.nth(key.nth as usize - 1).map(|(at, _)| at)
}

/// The levels open where nothing else is said.
pub fn levels(tree: &SpanTree, depth: Option<Depth>) -> u32 {
    match depth {
        Some(Depth::Levels(levels)) => levels,
        Some(Depth::All) => u32::MAX,
        None if tree.nodes.len() > CROWDED => CROWDED_LEVELS,
        None => u32::MAX,
    }
}

/// Decides about every row. `nths` from [`nths`], `matches` the spans a search found.
pub fn shown(tree: &SpanTree, spans: &[TraceSpan], nths: &[u32], state: &State, matches: Option<&[SpanId]>) -> Shown {
    let nodes = &tree.nodes;
    let found: HashSet<SpanId> = matches.unwrap_or_default().iter().copied().collect();
    let selected = state.span.and_then(|key| find(tree, key));
    let filters = state.only != Only::Everything || !state.services.is_all();
    let opens_faults = state.depth.is_none() && nodes.len() > CROWDED;

    let mut marks = vec![0u8; nodes.len()];
    // Kept by the filters; wanted open above; both passed up to the parents below.
    let mut kept = vec![!filters; nodes.len()];
    let mut needed = kept.clone();
    let mut leads = vec![false; nodes.len()];
    // What a fold must not hide.
    let mut sought = vec![false; nodes.len()];
    for at in (0..nodes.len()).rev() {
        let span = nodes[at].span.map(|span| &spans[span]);
        let is_match = span.is_some() && !found.is_empty() && found.contains(&nodes[at].span_id);
        if is_match {
            marks[at] |= MATCH;
        }
        if filters && let Some(span) = span {
            let wanted = match state.only {
                Only::Everything => true,
                Only::Problems => span.outcome != Outcome::Ok,
                Only::Matches => is_match,
            };
            kept[at] = wanted && state.services.lets(&span.service);
            needed[at] |= kept[at];
        }
        let is_goal = is_match
            || selected == Some(at)
            || (opens_faults && span.is_some_and(|span| span.outcome == Outcome::Fault))
            || (filters && kept[at]);
        sought[at] = leads[at] || is_match || (selected == Some(at) && state.span.is_some_and(|key| !key.is_fold));
        if let Some(parent) = nodes[at].parent {
            needed[parent] |= needed[at];
            if needed[at] {
                marks[parent] |= OPENS;
            }
            leads[parent] |= leads[at] || is_goal;
        }
    }

    let closed: HashSet<RowKey> = state.closed.iter().copied().collect();
    let opened: HashSet<RowKey> = state.opened.iter().copied().collect();
    let levels = levels(tree, state.depth);
    // What a filter leaves stands for itself.
    let runs = if filters { Vec::new() } else { folds(tree, spans) };
    let foldable = runs.len();
    let runs: HashMap<u32, Fold> =
        runs.into_iter().filter(|_| !state.is_unfolded).map(|fold| (fold.first as u32, fold)).collect();
    let mut folds = HashMap::new();
    let mut rows = Vec::new();
    let mut inside = 0;
    let mut at = 0;
    while at < nodes.len() {
        let node = &nodes[at];
        if !needed[at] {
            at += 1 + node.descendants as usize;
            continue;
        }
        if let Some(fold) = runs.get(&(at as u32)) {
            rows.push(Line { node: at as u32, is_fold: true });
            let key = RowKey { id: node.span_id, nth: nths[at], is_fold: true };
            let opens_itself = fold.members(tree).any(|at| sought[at]);
            let is_open = !closed.contains(&key) && (opens_itself || opened.contains(&key));
            folds.insert(at as u32, Folded { fold: *fold, is_open, opens_itself });
            if !is_open {
                at = fold.end;
                continue;
            }
            inside = fold.end;
        }
        rows.push(Line { node: at as u32, is_fold: false });
        if at < inside {
            marks[at] |= INSIDE;
        }
        if !kept[at] {
            marks[at] |= DIM;
        }
        if marks[at] & OPENS == 0 {
            at += 1 + node.descendants as usize;
            continue;
        }
        let key = RowKey::new(node.span_id, nths[at]);
        let opens_itself = leads[at] || node.level + 1 < levels;
        if opens_itself {
            marks[at] |= OPENS_ITSELF;
        }
        if !closed.contains(&key) && (opens_itself || opened.contains(&key)) {
            marks[at] |= OPEN;
            at += 1;
        } else {
            at += 1 + node.descendants as usize;
        }
    }
    Shown { rows, marks, folds, foldable }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::fixtures::{Draft, drafted};
    use coldlight_model::Timestamp;

    /// 1 ─ 2 ─ 3 ─ 4 (fault), 1 ─ 5 ─ 6; ids are the numbers.
    fn drafts() -> Vec<Draft> {
        vec![
            Draft::new(1, 0, 0, 100).of("a"),
            Draft::new(2, 1, 1, 40).of("a"),
            Draft::new(3, 2, 2, 30).of("b"),
            Draft::new(4, 3, 3, 10).of("b").fails("Timeout", ""),
            Draft::new(5, 1, 50, 40).of("c"),
            Draft::new(6, 5, 51, 20).of("a"),
        ]
    }

    fn id(number: u64) -> SpanId {
        SpanId::new(number.to_be_bytes()).unwrap()
    }

    /// Drawn rows as numbers: `+` open, `(…)` dimmed, `*` found, `[…]` a fold.
    fn drawn(drafts: &[Draft], query: &str, matches: Option<&[SpanId]>) -> String {
        let trace = drafted(drafts);
        let tree = SpanTree::build(&trace.spans);
        let state = State::parse(query, Timestamp::EPOCH);
        let shown = shown(&tree, &trace.spans, &nths(&tree), &state, matches);
        let word = |row: &Line| {
            let at = row.node();
            let number = u64::from_be_bytes(*tree.nodes[at].span_id.bytes());
            if row.is_fold {
                let fold = shown.fold(at).unwrap();
                return format!("[{number}×{}{}]", fold.fold.count, if fold.is_open { "+" } else { "" });
            }
            let mut word = format!("{number}{}", if shown.is_open(at) { "+" } else { "" });
            if shown.is_match(at) {
                word.push('*');
            }
            if shown.is_dim(at) { format!("({word})") } else { word }
        };
        shown.rows.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    fn check(query: &str, expected: &str) {
        assert_eq!(drawn(&drafts(), query, None), expected);
    }

    #[test]
    fn a_small_trace_stands_open() {
        check("", "1+ 2+ 3+ 4 5+ 6");
        check("depth=all", "1+ 2+ 3+ 4 5+ 6");
    }

    #[test]
    fn depth_opens_to_a_level() {
        check("depth=1", "1");
        check("depth=2", "1+ 2 5");
        check("depth=3", "1+ 2+ 3 5+ 6");
    }

    #[test]
    fn rows_are_closed_and_opened_by_hand() {
        check("c=0000000000000002", "1+ 2 5+ 6");
        check("depth=2&o=0000000000000005", "1+ 2 5+ 6");
        check("depth=all&c=0000000000000001", "1");
    }

    #[test]
    fn the_way_to_the_selected_span_is_open_unless_closed_by_hand() {
        check("depth=1&span=0000000000000006", "1+ 2 5+ 6");
        check("depth=1&span=0000000000000006&c=0000000000000005", "1+ 2 5");
    }

    #[test]
    fn only_problems_keeps_their_ancestors_dimmed() {
        check("only=1", "(1+) (2+) (3+) 4");
    }

    #[test]
    fn services_are_filtered() {
        check("svc=c", "(1+) 5");
        check("svc=-b", "1+ 2 5+ 6");
        check("svc=nobody", "");
    }

    #[test]
    fn what_a_search_found_is_marked_and_reached() {
        let found = [id(3)];
        assert_eq!(drawn(&drafts(), "q=x&depth=1", Some(&found)), "1+ 2+ 3* 5");
        assert_eq!(drawn(&drafts(), "q=x&only=1", Some(&found)), "(1+) (2+) 3*");
        assert_eq!(drawn(&drafts(), "q=x&only=1", Some(&[])), "");
    }

    #[test]
    fn a_crowded_trace_opens_three_levels_and_the_ways_to_faults() {
        let mut drafts = drafts();
        // 1,000 more under 6, two levels deep.
        drafts.extend((10..1_010).map(|number| Draft::new(number, if number < 20 { 6 } else { 10 }, 52, 1).of("a")));
        assert_eq!(drawn(&drafts, "", None), "1+ 2+ 3+ 4 5+ 6");
        assert_eq!(drawn(&drafts, "depth=all", None).split(' ').count(), 1_006);
    }

    #[test]
    fn siblings_that_are_alike_stand_behind_one_row_until_it_is_opened() {
        let mut drafts = drafts();
        drafts.extend((10..15).map(|number| Draft::new(number, 5, number + 50, 1).of("c").name("GetItem")));
        let check = |query: &str, matches: Option<&[SpanId]>, expected: &str| {
            assert_eq!(drawn(&drafts, query, matches).strip_prefix("1+ 2+ 3+ 4 5+ 6").unwrap().trim(), expected);
        };
        check("", None, "[10×5]");
        check("fold=0", None, "10 11 12 13 14");
        check("o=000000000000000a.f", None, "[10×5+] 10 11 12 13 14");
        check("span=000000000000000a.f", None, "[10×5]");
        check("span=000000000000000c", None, "[10×5+] 10 11 12 13 14");
        check("span=000000000000000c&c=000000000000000a.f", None, "[10×5]");
        check("q=x", Some(&[id(14)]), "[10×5+] 10 11 12 13 14*");
        assert_eq!(drawn(&drafts, "svc=c", None), "(1+) 5+ 10 11 12 13 14", "a filter shows what it leaves");
    }

    #[test]
    fn rows_that_share_an_id_are_told_apart() {
        let drafts = [
            Draft::new(1, 0, 0, 9).kind(coldlight_model::Kind::CLIENT),
            Draft::new(1, 0, 1, 8).kind(coldlight_model::Kind::SERVER),
            Draft::new(2, 1, 2, 3),
        ];
        assert_eq!(drawn(&drafts, "c=0000000000000001.2", None), "1+ 1");
        assert_eq!(drawn(&drafts, "c=0000000000000001", None), "1");
    }
}
