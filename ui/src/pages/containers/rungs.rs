//! One rung of the ladder as a table: clusters, services, task definitions.

use std::collections::BTreeMap;

use coldlight_model::{Rung, Task};

use super::{State, Sum};
use crate::format::{NOT_APPLICABLE, count, number, share, usd};
use crate::formula::Formula;
use crate::text;

pub(super) struct RungRow {
    pub name: String,
    pub href: String,
    /// What runs there: names of services.
    pub services: String,
    pub tasks: String,
    pub requests: String,
    pub failed: String,
    pub failed_tone: &'static str,
    pub busy_width: String,
    pub idle_share: String,
    pub hourly: String,
    pub cost: Formula,
    pub idle: String,
    pub per_million: String,
    pub unpriced: String,
}

/// Dearest first; then by name.
pub(super) fn rung_rows(tasks: &[&Task], rung: Rung, state: &State) -> Vec<RungRow> {
    let mut groups: BTreeMap<Option<String>, Vec<&Task>> = BTreeMap::new();
    for task in tasks {
        groups.entry(task.rung(rung)).or_default().push(task);
    }
    let mut rows: Vec<(Sum, RungRow)> = groups
        .into_iter()
        .map(|(name, tasks)| {
            let sum = Sum::of(tasks.iter().copied());
            (sum, row(name, &tasks, &sum, state))
        })
        .collect();
    rows.sort_by_key(|(sum, _)| std::cmp::Reverse(sum.cost));
    rows.into_iter().map(|(_, row)| row).collect()
}

fn row(name: Option<String>, tasks: &[&Task], sum: &Sum, state: &State) -> RungRow {
    let mut services: Vec<&str> = tasks.iter().map(|task| task.service.as_str()).collect();
    services.sort_unstable();
    services.dedup();
    let more = services.len().saturating_sub(3);
    let mut listed = services.iter().take(3).map(|name| text::named(name, 40)).collect::<Vec<_>>().join(", ");
    if more > 0 {
        listed.push_str(&format!(" and {more} more"));
    }
    let href = state.below(name.clone()).to_string();
    RungRow {
        name: name.as_deref().map_or_else(|| "(not said)".to_owned(), |name| text::named(name, 80)),
        cost: sum.formula(href.clone()),
        href,
        services: listed,
        tasks: count(sum.tasks),
        requests: count(sum.requests),
        failed: if sum.failed == 0 {
            "0".to_owned()
        } else {
            format!("{} ({})", count(sum.failed), share(sum.failed, sum.requests))
        },
        failed_tone: if sum.failed == 0 { "zero" } else { "c-fault" },
        busy_width: number(sum.busy_percent()),
        idle_share: sum.idle_share(),
        hourly: sum.shown(sum.hourly),
        idle: if sum.unpriced_tasks == sum.tasks { NOT_APPLICABLE.to_owned() } else { usd(sum.idle) },
        per_million: sum.per_million(),
        unpriced: count(sum.unpriced_tasks),
    }
}
