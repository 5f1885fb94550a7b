//! Tables of groups: functions, versions, memory sizes, whoever starts cold.

use coldlight_model::lambda::StartKind;
use coldlight_model::{InvocationGroup, InvocationSort, Nanos, Quantiles};

use super::figures::paid_for_inits;
use super::state::State;
use crate::format::{self, NOT_APPLICABLE};
use crate::formula::Formula;
use crate::text;

/// A table that `invocations/groups.html` draws.
pub struct Table {
    pub caption: String,
    /// `data-test` of its rows.
    pub test: &'static str,
    pub first: &'static str,
    pub heads: Vec<&'static str>,
    pub rows: Vec<GroupRow>,
    /// Groups beyond those shown.
    pub more: Option<String>,
}

pub struct GroupRow {
    pub name: String,
    pub href: Option<String>,
    pub cells: Vec<Cell>,
}

/// A number, the class of its ink, what it says in full, and of a sum of money how it came to be.
pub struct Cell {
    pub text: String,
    pub tone: &'static str,
    pub title: String,
    pub formula: Option<Formula>,
}

fn cell(text: impl Into<String>) -> Cell {
    Cell { text: text.into(), tone: "", title: String::new(), formula: None }
}

fn money(formula: Formula) -> Cell {
    Cell { formula: Some(formula), ..cell("") }
}

fn counted(count: u64, all: u64, tone: &'static str) -> Cell {
    match count {
        0 => Cell { tone: "zero", ..cell("0") },
        _ => Cell { tone, ..cell(format!("{} ({})", format::count(count), format::share(count, all))) },
    }
}

fn nanos(value: Option<Nanos>) -> Cell {
    value.map_or_else(|| Cell { tone: "zero", ..cell(NOT_APPLICABLE) }, |value| cell(format::duration(value)))
}

/// Rows shown; a page of them is for people.
const MOST: usize = 100;

/// `field` is the word of the filter that tells the groups apart, if there is one.
pub fn table(
    caption: impl Into<String>,
    test: &'static str,
    first: &'static str,
    groups: &[InvocationGroup],
    (state, field): (&State, Option<&str>),
    href: impl Fn(&str) -> Option<String>,
    columns: Columns,
) -> Table {
    let row = |group: &InvocationGroup| {
        let name = group.name.as_deref();
        // Those of the row where a word of the filter tells them from the others, else all.
        let every = match name.zip(field) {
            Some((name, field)) => {
                state.list_with(field, name).with("sort", InvocationSort::Dearest.name()).to_string()
            }
            None => state.dearest(""),
        };
        GroupRow {
            name: name.map_or_else(|| "unknown".to_owned(), |name| text::named(name, 80)),
            href: name.and_then(&href),
            cells: columns.cells(group, &every),
        }
    };
    Table {
        caption: caption.into(),
        test,
        first,
        heads: columns.heads().to_vec(),
        rows: groups.iter().take(MOST).map(row).collect(),
        more: (groups.len() > MOST).then(|| format::large_count((groups.len() - MOST) as u64)),
    }
}

/// Which numbers a table is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Columns {
    Health,
    Starts,
}

impl Columns {
    fn heads(self) -> &'static [&'static str] {
        match self {
            Self::Health => &[
                "Invocations",
                "Failed",
                "Cold",
                "p50",
                "p95",
                "Warm p95",
                "Cold p95",
                "Memory used",
                "List price",
                "Per million",
                "Reported",
                "Not priced",
            ],
            Self::Starts => &[
                "Invocations",
                "Cold",
                "Felt",
                "Suppressed",
                "Restored",
                "Proactive",
                "Provisioned",
                "Managed",
                "Wait unknown",
                "Start unknown",
                "Init p50",
                "Init p95",
                "Paid for inits",
            ],
        }
    }

    fn cells(self, group: &InvocationGroup, every: &str) -> Vec<Cell> {
        let all = group.count;
        let started = |kind: StartKind, tone| counted(group.started(kind), all, tone);
        let sums = &group.money;
        let is_priced = all > sums.unpriced;
        match self {
            Self::Health => vec![
                cell(format::count(all)),
                Cell {
                    title: format!(
                        "{}, {}, {}",
                        format::counted(group.errors, "error", "errors"),
                        format::counted(group.timeouts, "timeout", "timeouts"),
                        format::counted(group.out_of_memory, "out of memory", "out of memory")
                    ),
                    ..counted(group.failed(), all, "c-fault")
                },
                counted(group.cold(), all, "c-cold"),
                nanos(group.duration.p50),
                quantile(group.duration),
                quantile(group.warm_duration),
                quantile(group.cold_duration),
                memory(group),
                match is_priced {
                    true => money(Formula::of_group(group, every.to_owned())),
                    false => Cell { tone: "zero", ..cell("not priced") },
                },
                match format::per_million(sums.total, all.saturating_sub(sums.unpriced)) {
                    Some(usd) => Cell {
                        title: format!(
                            "{} × 1,000,000 ÷ {}",
                            format::usd(sums.total),
                            format::count(all - sums.unpriced)
                        ),
                        ..cell(format::usd_millionth(usd))
                    },
                    None => Cell { tone: "zero", ..cell(NOT_APPLICABLE) },
                },
                cell(format::usd_share(sums.reported, sums.total)),
                counted(sums.unpriced, all, "c-error"),
            ],
            Self::Starts => vec![
                cell(format::count(all)),
                counted(group.cold(), all, "c-cold"),
                started(StartKind::Felt, "c-cold"),
                started(StartKind::Suppressed, "c-cold"),
                started(StartKind::Restored, "c-cold"),
                started(StartKind::Proactive, ""),
                started(StartKind::Provisioned, ""),
                started(StartKind::Managed, ""),
                started(StartKind::Cold, ""),
                counted(group.start_unknown(), all, ""),
                nanos(group.init.p50),
                nanos(group.init.p95),
                match is_priced {
                    true => paid_for_inits(group, every.to_owned()).map_or_else(|| cell("unknown"), money),
                    false => Cell { tone: "zero", ..cell("not priced") },
                },
            ],
        }
    }
}

fn quantile(quantiles: Quantiles) -> Cell {
    let title = quantiles.p99.map(|p99| format!("p99 {}", format::duration(p99))).unwrap_or_default();
    Cell { title, ..nanos(quantiles.p95) }
}

/// The most used of the size; of several sizes the largest.
fn memory(group: &InvocationGroup) -> Cell {
    let size = group.memory_mb.map(|(_, most)| most);
    let is_full = size.zip(group.max_memory_mb).is_some_and(|(size, used)| used * 100 > size * 95);
    Cell { tone: if is_full { "c-error" } else { "" }, ..cell(super::row::memory(group.max_memory_mb, size)) }
}
