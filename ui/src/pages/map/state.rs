//! The map's part of the address.

use coldlight_model::{Filter, Node, ServiceMap, TimeRange, Timestamp, Way};

use super::{PATH, Switch};
use crate::filter_bar;
use crate::map::{Graph, Grouping, Sort};
use crate::query::{BadParam, Link, Query};
use crate::range::Range;

/// What the map emphasises. It changes borders and corners, never positions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    #[default]
    Health,
    Latency,
    Cold,
    Cost,
}

impl By {
    pub const ALL: [Self; 4] = [Self::Health, Self::Latency, Self::Cold, Self::Cost];

    /// The word in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Health => "health",
            Self::Latency => "latency",
            Self::Cold => "cold",
            Self::Cost => "cost",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Health => "Health",
            Self::Latency => "Latency",
            Self::Cold => "Cold",
            Self::Cost => "Cost",
        }
    }
}

/// The earlier time that the map is compared with: as long, and so much before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Earlier {
    /// Just before.
    Prev,
    Day,
    Week,
}

impl Earlier {
    pub const ALL: [Self; 3] = [Self::Prev, Self::Day, Self::Week];

    /// The word in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prev => "prev",
            Self::Day => "24h",
            Self::Week => "7d",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Prev => "vs before",
            Self::Day => "vs 24 h ago",
            Self::Week => "vs 7 days ago",
        }
    }

    /// The range that `range` is compared with.
    pub fn of(self, range: TimeRange) -> TimeRange {
        const DAY: u64 = 24 * 3_600_000_000_000;
        let back = match self {
            Self::Prev => range.length(),
            Self::Day => DAY,
            Self::Week => 7 * DAY,
        };
        TimeRange { from: range.from.minus(back), to: range.to.minus(back) }
    }
}

/// Everything the address says.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    now: Timestamp,
    pub range: Range,
    filter: Filter,
    /// Only edges of one way.
    pub only: Option<Way>,
    pub by: By,
    pub earlier: Option<Earlier>,
    /// The id of a node, edge or group.
    pub selected: Option<String>,
    /// Show only this node and what is within `hops` of it.
    pub focus: Option<String>,
    pub hops: u8,
    pub grouped: Option<Grouping>,
    pub sort: Sort,
    /// The first row of the table.
    pub first_row: u32,
    pub bad: Vec<BadParam>,
}

const KNOWN: [&str; 13] =
    ["range", "from", "to", "f", "edges", "by", "cmp", "sel", "focus", "hops", "group", "sort", "row"];

impl State {
    /// From the part of the address after `?`.
    pub fn parse(query: &str, now: Timestamp) -> Self {
        let query = Query::parse(query);
        let mut bad = query.unknown(&KNOWN);
        let edges = [("all", None), ("sync", Some(Way::Sync)), ("async", Some(Way::Async)), ("poll", Some(Way::Poll))];
        let groups = [("none", None), ("kind", Some(Grouping::Kind)), ("team", Some(Grouping::Team))];
        let text = |name: &str| query.get(name).filter(|value| !value.is_empty()).map(str::to_owned);
        let sort = text("sort").and_then(|word| {
            let sort = Sort::from_word(&word);
            if sort.is_none() {
                bad.push(BadParam::new(
                    "sort",
                    &word,
                    "a column such as calls, faults, p95 or name, with - for the other order",
                ));
            }
            sort
        });
        Self {
            now,
            range: Range::from_query(&query, now, &mut bad),
            filter: filter_bar::from_query(&query, &mut bad),
            only: query.choice("edges", &edges, &mut bad).flatten(),
            by: query.choice("by", &By::ALL.map(|by| (by.name(), by)), &mut bad).unwrap_or_default(),
            earlier: query.choice("cmp", &Earlier::ALL.map(|one| (one.name(), one)), &mut bad),
            selected: text("sel"),
            focus: text("focus"),
            hops: query.whole("hops", 1..=3, &mut bad).map_or(1, |hops| hops as u8),
            grouped: query.choice("group", &groups, &mut bad).flatten(),
            sort: sort.unwrap_or_default(),
            first_row: query.whole("row", 0..=1_000_000, &mut bad).map_or(0, |row| row as u32),
            bad,
        }
    }

    pub fn range(&self) -> TimeRange {
        self.range.resolve(self.now)
    }

    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// The address of this state. Defaults are left out, but for the range.
    pub fn link(&self) -> Link {
        let is_default_sort = self.sort == Sort::default();
        Link::to(PATH)
            .with_all(&self.range.pairs())
            .with("f", self.filter.to_line())
            .maybe("edges", self.only.map(Way::name))
            .maybe("by", (self.by != By::default()).then_some(self.by.name()))
            .maybe("cmp", self.earlier.map(Earlier::name))
            .maybe("group", self.grouped.map(Grouping::name))
            .maybe("focus", self.focus.clone())
            .maybe("hops", (self.focus.is_some() && self.hops != 1).then(|| self.hops.to_string()))
            .maybe("sort", (!is_default_sort).then(|| self.sort.word()))
            .maybe("row", (self.first_row > 0).then(|| self.first_row.to_string()))
            .maybe("sel", self.selected.clone())
    }

    pub fn to_query(&self) -> String {
        self.link().query()
    }

    /// The nodes and edges within the focus, each by itself: what the table lists.
    pub fn near(&self, map: &ServiceMap) -> Graph {
        let whole = Graph::whole(map);
        match &self.focus {
            Some(focus) => whole.around(focus, self.hops),
            None => whole,
        }
    }

    /// What is drawn, and so what is laid out: the same, gathered by kind when asked for or when it is too much.
    pub fn graph(&self, map: &ServiceMap) -> Graph {
        let near = self.near(map);
        match self.grouped {
            Some(by) => near.grouped(by),
            None if near.is_too_large() => near.grouped(Grouping::Kind),
            None => near,
        }
    }

    /// The ends of the selected edge, where it is one between two nodes.
    pub fn selected_edge(&self, map: &ServiceMap) -> Option<(Node, Node)> {
        let graph = Graph::whole(map);
        let edge = &graph.edges[graph.edge_position(self.selected.as_deref()?)?];
        let end = |at: usize| Node::new(graph.nodes[at].kind, graph.nodes[at].name.clone());
        Some((end(edge.from), end(edge.to)))
    }

    pub fn at_range(mut self, range: Range) -> Self {
        self.range = range;
        self
    }

    pub fn select(mut self, id: Option<String>) -> Self {
        self.selected = id;
        self
    }

    pub fn focus(mut self, id: Option<String>, hops: u8) -> Self {
        self.focus = id;
        self.hops = hops;
        self.first_row = 0;
        self
    }

    pub fn sort(mut self, sort: Sort) -> Self {
        self.sort = sort;
        self.first_row = 0;
        self
    }

    pub fn first_row(mut self, row: u32) -> Self {
        self.first_row = row;
        self
    }

    pub fn grouped(mut self, by: Option<Grouping>) -> Self {
        self.grouped = by;
        self
    }

    pub(super) fn edge_kinds(&self) -> Vec<Switch> {
        let kinds = [("All", None), ("Sync", Some(Way::Sync)), ("Async", Some(Way::Async)), ("Poll", Some(Way::Poll))];
        let switch = |(label, only)| Switch {
            label,
            href: Self { only, ..self.clone() }.link().to_string(),
            is_current: self.only == only,
        };
        kinds.map(switch).into()
    }

    pub(super) fn comparisons(&self) -> Vec<Switch> {
        let switch = |earlier: Option<Earlier>| Switch {
            label: earlier.map_or("Now", Earlier::label),
            href: Self { earlier, ..self.clone() }.link().to_string(),
            is_current: self.earlier == earlier,
        };
        [None].into_iter().chain(Earlier::ALL.map(Some)).map(switch).collect()
    }

    pub(super) fn groupings(&self) -> Vec<Switch> {
        let groups = [("Each", None), ("By kind", Some(Grouping::Kind)), ("By team", Some(Grouping::Team))];
        let switch = |(label, by)| Switch {
            label,
            href: self.clone().grouped(by).select(None).link().to_string(),
            is_current: self.grouped == by,
        };
        groups.map(switch).into()
    }

    pub(super) fn emphasis(&self) -> Vec<Switch> {
        let switch = |by: By| Switch {
            label: by.label(),
            href: Self { by, ..self.clone() }.link().to_string(),
            is_current: self.by == by,
        };
        By::ALL.map(switch).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::Column;
    use proptest::prelude::*;

    fn now() -> Timestamp {
        Timestamp::from_millis(1_795_183_500_000)
    }

    #[test]
    fn an_empty_address_is_the_default_map() {
        let state = State::parse("", now());
        assert_eq!(state.to_query(), "range=1h");
        assert_eq!(state.bad, []);
    }

    #[test]
    fn wrong_values_are_noted_and_left_out() {
        let state = State::parse("edges=up&by=fame&hops=7&group=owner&sort=colour&row=x&when=now", now());
        let names: Vec<&str> = state.bad.iter().map(|bad| bad.name.as_str()).collect();
        assert_eq!(names, ["when", "sort", "edges", "by", "hops", "group", "row"]);
        assert_eq!(state.to_query(), "range=1h");
    }

    proptest! {
        #[test]
        fn any_state_reads_back_from_its_address(
            only in proptest::option::of(0usize..3), by in 0usize..4, selected in proptest::option::of(".{1,30}"),
            focus in proptest::option::of(".{1,30}"), hops in 1u8..4, is_grouped: bool, column in 0usize..11, is_reversed: bool,
            first_row in 0u32..1_000, preset in 0usize..6,
        ) {
            let hops = if focus.is_some() { hops } else { 1 };
            let state = State {
                range: Range::Last(crate::range::Preset::ALL[preset]),
                filter: Filter::parse("service:a -status:ok \"two words\""),
                only: only.map(|at| Way::ALL[at]),
                by: By::ALL[by],
                selected, focus, hops, grouped: is_grouped.then_some(Grouping::Team), first_row,
                sort: Sort { column: Column::ALL[column], is_reversed },
                ..State::parse("", now())
            };
            prop_assert_eq!(State::parse(&state.to_query(), now()), state);
        }
    }
}
