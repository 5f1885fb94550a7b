//! Tables of groups: functions, versions, memory sizes, whoever starts cold.

use coldlight_model::lambda::StartKind;
use coldlight_model::{InvocationGroup, Nanos, Quantiles};

use super::figures::paid_for_inits;
use crate::format::{self, NOT_APPLICABLE};
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

/// A number, the class of its ink, and what it says in full.
pub struct Cell {
    pub text: String,
    pub tone: &'static str,
    pub title: String,
}

fn cell(text: impl Into<String>) -> Cell {
    Cell { text: text.into(), tone: "", title: String::new() }
}

fn counted(count: u64, all: u64, tone: &'static str) -> Cell {
    match count {
        0 => Cell { tone: "zero", ..cell("0") },
        _ => Cell { tone, ..cell(format!("{} ({})", format::large_count(count), format::share(count, all))) },
    }
}

fn nanos(value: Option<Nanos>) -> Cell {
    value.map_or_else(|| Cell { tone: "zero", ..cell(NOT_APPLICABLE) }, |value| cell(format::duration(value)))
}

/// Rows shown; a page of them is for people.
const MOST: usize = 100;

pub fn table(
    caption: impl Into<String>,
    test: &'static str,
    first: &'static str,
    groups: &[InvocationGroup],
    href: impl Fn(&str) -> Option<String>,
    columns: Columns,
) -> Table {
    let row = |group: &InvocationGroup| {
        let name = group.name.as_deref();
        GroupRow {
            name: name.map_or_else(|| "unknown".to_owned(), |name| text::named(name, 80)),
            href: name.and_then(&href),
            cells: columns.cells(group),
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

    fn cells(self, group: &InvocationGroup) -> Vec<Cell> {
        let all = group.count;
        let started = |kind: StartKind, tone| counted(group.started(kind), all, tone);
        let money = &group.money;
        let is_priced = all > money.unpriced;
        match self {
            Self::Health => vec![
                cell(format::large_count(all)),
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
                    true => Cell { title: format!("{} USD", money.total), ..cell(format::usd(money.total)) },
                    false => Cell { tone: "zero", ..cell("not priced") },
                },
                match format::per_million(money.total, all.saturating_sub(money.unpriced)) {
                    Some(usd) => cell(format::usd(usd)),
                    None => Cell { tone: "zero", ..cell(NOT_APPLICABLE) },
                },
                cell(format::usd_share(money.reported, money.total)),
                counted(money.unpriced, all, "c-error"),
            ],
            Self::Starts => vec![
                cell(format::large_count(all)),
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
                    true => Cell { title: format!("{} USD", money.init), ..cell(paid_for_inits(group)) },
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
