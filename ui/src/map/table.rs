//! The nodes of the map as a table: the same numbers, sortable.

use super::money::{cold_share, is_often_cold, is_priced, millionth};
use super::{Column, Graph, GraphNode, Sort};
use crate::format::{NOT_APPLICABLE, duration, rate, share, usd};
use crate::icon;
use crate::pages::map::State;
use crate::palette::Palette;
use crate::text::{self, Text};

/// Rows per page, and beside a drawing of many nodes: more would make the page heavy.
const ROWS: usize = 25;
const ROWS_BESIDE_MANY: usize = 15;
const MANY: usize = 40;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    pub heads: Vec<Head>,
    pub rows: Vec<Row>,
    /// `16 nodes, by rate`.
    pub hint: String,
    pub previous: Option<String>,
    pub next: Option<String>,
    /// `rows 101 to 200 of 412`, when there is more than one page.
    pub position: Option<String>,
}

/// A column's head: a link that sorts by it, or turns the order.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    pub label: &'static str,
    pub href: String,
    /// The value of `aria-sort`, of the column sorted by.
    pub sorted: Option<&'static str>,
    pub is_text: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub id: String,
    pub href: String,
    pub icon: &'static str,
    pub colour: String,
    pub name: Text,
    pub kind: &'static str,
    pub seen: bool,
    pub calls: u64,
    pub cells: [Cell; 9],
    pub is_selected: bool,
}

/// A number of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    pub text: String,
    /// `zero`, or the class of the problem it shows.
    pub tone: &'static str,
    /// Of a sum of money: the node's panel, which has its formula.
    pub href: Option<String>,
}

/// All nodes of `graph`, beside a drawing of `drawn` nodes.
pub fn table(graph: &Graph, drawn: usize, state: &State, palette: &Palette, per_second: &dyn Fn(u64) -> f64) -> Table {
    let mut nodes: Vec<&GraphNode> = graph.nodes.iter().collect();
    nodes.sort_by(|a, b| state.sort.compare(a, b));
    let rows = if drawn > MANY { ROWS_BESIDE_MANY } else { ROWS };
    let first = (state.first_row as usize).min(nodes.len().saturating_sub(1) / rows * rows);
    let shown = nodes.iter().skip(first).take(rows);
    let page = |first: usize| state.clone().first_row(first as u32).link().to_string();
    let last = (first + rows).min(nodes.len());
    Table {
        heads: Column::ALL.map(|column| head(column, state)).into(),
        rows: shown.map(|node| row(node, state, palette, per_second)).collect(),
        hint: format!(
            "{}, by {}",
            crate::format::counted(nodes.len() as u64, "node", "nodes"),
            state.sort.column.label().to_lowercase()
        ),
        previous: (first > 0).then(|| page(first.saturating_sub(rows))),
        next: (last < nodes.len()).then(|| page(last)),
        position: (nodes.len() > rows).then(|| format!("rows {} to {last} of {}", first + 1, nodes.len())),
    }
}

fn head(column: Column, state: &State) -> Head {
    let is_current = state.sort.column == column;
    let sort = Sort { column, is_reversed: is_current && !state.sort.is_reversed };
    Head {
        label: column.label(),
        href: state.clone().sort(sort).link().to_string(),
        sorted: is_current.then(|| if state.sort.is_ascending() { "ascending" } else { "descending" }),
        is_text: column.is_text(),
    }
}

fn row(node: &GraphNode, state: &State, palette: &Palette, per_second: &dyn Fn(u64) -> f64) -> Row {
    let stats = &node.stats;
    let problem = |count: u64, tone: &'static str, from: f64| {
        let tone = match count {
            0 => "zero",
            _ if count as f64 >= from * stats.calls as f64 => tone,
            _ => "",
        };
        Cell { text: share(count, stats.calls), tone, href: None }
    };
    let time = |q: f64| match stats.durations.quantile(q) {
        Some(nanos) => Cell { text: duration(nanos), tone: "", href: None },
        None => Cell { text: NOT_APPLICABLE.to_owned(), tone: "zero", href: None },
    };
    let none = || Cell { text: NOT_APPLICABLE.to_owned(), tone: "zero", href: None };
    let spent = node.bill.as_ref().map(|bill| &bill.spent).filter(|spent| spent.served() > 0 || is_priced(spent));
    let panel = state.clone().select(Some(node.id.clone())).link().to_string();
    let is_selected = state.selected.as_deref() == Some(&node.id);
    Row {
        id: node.id.clone(),
        href: state.clone().select(if is_selected { None } else { Some(node.id.clone()) }).link().to_string(),
        icon: icon::of_kind(node.kind),
        colour: if node.kind.is_service() && !node.seen { palette.class(&node.name) } else { String::new() },
        name: Text { shown: text::named(&node.name, text::SHOWN), whole: None },
        kind: node.kind.label(),
        seen: node.seen,
        calls: stats.calls,
        cells: [
            Cell { text: rate(per_second(stats.calls)), tone: "", href: None },
            problem(stats.faults, "c-fault b", 0.005),
            problem(stats.errors, "c-error b", 0.005),
            problem(stats.throttles, "c-throttle b", 0.01),
            time(0.5),
            time(0.95),
            match spent.and_then(cold_share) {
                Some(text) => {
                    Cell { text, tone: if spent.is_some_and(is_often_cold) { "c-cold b" } else { "" }, href: None }
                }
                None => none(),
            },
            match (spent.filter(|spent| is_priced(spent)), spent) {
                (Some(spent), _) => Cell { text: usd(spent.total()), tone: "b", href: Some(panel.clone()) },
                (None, Some(_)) => Cell { text: "not priced".to_owned(), tone: "zero", href: None },
                (None, None) => none(),
            },
            spent.and_then(millionth).map_or_else(none, |text| Cell { text, tone: "", href: Some(panel.clone()) }),
        ],
        is_selected,
    }
}
