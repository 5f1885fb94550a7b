//! What invocations, containers and the calls of both cost, summed.

use std::collections::BTreeMap;

use coldlight_model::money::Usd;
use coldlight_model::{Filter, Nanos, Spending, SpendingBy, SpendingGroup, Spent, TimeRange};
use duckdb::{Connection, Row};

use super::asking::{Asking, Of};
use super::containers::lived_after;
use crate::Store;
use crate::error::StoreError;
use crate::rows::whole;

/// What spending is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct SpendingSearch {
    pub range: TimeRange,
    /// Of the course; as long as makes at most a thousand.
    pub step: Nanos,
    /// How long before the range its first step begins, so that steps may be hours and days; less than a step.
    pub first: Nanos,
    pub by: SpendingBy,
    /// Parsed by [`Filter::of_invocations`]; what it does not hold of is in none of the sums.
    pub filter: Filter,
    /// Whether the same length of time before is asked for, too.
    pub compare: bool,
}

/// A group while its rows come in.
#[derive(Default)]
struct Gathered {
    group: SpendingGroup,
    /// Architectures of its steps; more than one makes it mixed.
    architectures: Vec<Option<String>>,
    on_arm64: Option<Usd>,
    not_on_arm64: bool,
}

impl Store {
    /// What invocations, containers and the calls of both cost in a time, in steps, grouped; and in the same length of time before.
    ///
    /// # Errors
    /// The database's own, or that it took too long.
    pub async fn spending(&self, search: SpendingSearch) -> Result<Spending, StoreError> {
        self.ask(move |db| {
            let SpendingSearch { range, by, filter, .. } = search;
            let length = range.to.since(range.from);
            let before = TimeRange { from: range.from.minus(length), to: range.from };
            let step = search.step.max(1);
            let first = search.first % step;
            let steps = usize::try_from((first + length).div_ceil(step)).unwrap_or(usize::MAX).clamp(1, MOST_STEPS);
            let step = step.max((first + length).div_ceil(steps as u64));
            let origin = range.from.minus(first);
            let asking = Asking { range, origin, step, by: &by, filter: &filter };
            asking.look(db, if search.compare { before.from } else { range.from })?;
            let now = gathered(db, &asking, steps)?;
            let mut groups = now.groups;
            let mut spending =
                Spending { range, step, origin, total: now.total, anew: now.anew, ..Spending::default() };
            spending.previous_steps = vec![Usd::ZERO; steps];
            if search.compare {
                let then = gathered(db, &Asking { range: before, origin: before.from.minus(first), ..asking }, steps)?;
                spending.previous = then.total;
                for (name, of) in then.groups {
                    for (sum, more) in spending.previous_steps.iter_mut().zip(&of.group.steps) {
                        *sum = sum.checked_add(*more).unwrap_or(*sum);
                    }
                    if let Some(now) = groups.get_mut(&name) {
                        now.group.previous = of.group.spent.total();
                    }
                }
            }
            asking.forget(db)?;
            spending.groups = groups.into_values().map(Gathered::group).collect();
            spending.groups.sort_by(|a, b| b.spent.total().cmp(&a.spent.total()).then_with(|| a.name.cmp(&b.name)));
            spending.by = by;
            Ok(spending)
        })
        .await
    }
}

/// No chart draws more.
const MOST_STEPS: usize = 1_000;

impl Gathered {
    fn group(self) -> SpendingGroup {
        let first = self.architectures.first().cloned().flatten();
        let same = self.architectures.iter().all(|one| *one == first);
        let architecture = first.filter(|_| same);
        let on_x86 = architecture.as_deref() == Some("x86_64") && self.group.spent.unpriced == 0;
        // Calls cost the same from either.
        let on_arm64 = self.on_arm64.and_then(|amount| amount.checked_add(self.group.spent.calls));
        SpendingGroup { architecture, on_arm64: on_arm64.filter(|_| on_x86 && !self.not_on_arm64), ..self.group }
    }
}

/// By name; the nameless last.
type Groups = BTreeMap<(bool, String), Gathered>;

/// All of a time: groups count what they share each, the total once.
#[derive(Default)]
struct All {
    groups: Groups,
    total: Spent,
    anew: u64,
}

fn gathered(db: &Connection, asking: &Asking<'_>, steps: usize) -> Result<All, StoreError> {
    let anew = asking.by_minute(db)?;
    let by_minute = anew.is_some();
    let mut all = All { anew: anew.unwrap_or(0), ..All::default() };
    if !by_minute {
        asking.call(db)?;
    }
    asking.rows(db, if by_minute { Of::FunctionsByMinute } else { Of::Functions }, |row| {
        let spent = spent(row)?;
        let once = Spent {
            invocations: count(row, "first_invocations")?,
            failed: count(row, "first_failed")?,
            cold: count(row, "first_cold")?,
            unpriced: count(row, "first_unpriced")?,
            sampled: count(row, "first_sampled")?,
            left_out: left_out(row, "first_left_out")?,
            ..spent.clone()
        };
        let of = gather(&mut all, row, (spent, once), steps)?;
        of.architectures.push(row.get("architecture")?);
        of.not_on_arm64 |= row.get::<_, i64>("not_on_arm64")? > 0;
        of.on_arm64 = of.on_arm64.unwrap_or_default().checked_add(money(row, "on_arm64")?);
        Ok(())
    })?;
    let mut on_containers = |row: &Row<'_>| {
        let spent = spent_on_containers(row)?;
        let once = Spent {
            container_requests: count(row, "first_requests")?,
            failed: count(row, "first_failed")?,
            unpriced_requests: count(row, "first_unpriced_requests")?,
            ..spent.clone()
        };
        let of = gather(&mut all, row, (spent, once), steps)?;
        of.architectures.push(row.get("architecture")?);
        // A container's image for another processor is not ours to judge.
        of.not_on_arm64 = true;
        Ok(())
    };
    if lived_after(db, asking.range.from)? {
        asking.rows(db, Of::Containers, &mut on_containers)?;
    }
    asking.rows(db, if by_minute { Of::CallsByMinute } else { Of::Calls }, |row| {
        let spent = Spent { in_failed: money(row, "calls_in_failed")?, ..spent_on_calls(row)? };
        gather(&mut all, row, (spent.clone(), spent), steps)?;
        Ok(())
    })?;
    Ok(all)
}

/// Adds what a row says to its group, and `once` to the total.
fn gather<'a>(
    all: &'a mut All,
    row: &Row<'_>,
    (spent, once): (Spent, Spent),
    steps: usize,
) -> duckdb::Result<&'a mut Gathered> {
    all.total.add(&once);
    let name: Option<String> = row.get("name")?;
    let of = all.groups.entry((name.is_none(), name.clone().unwrap_or_default())).or_default();
    of.group.name = name;
    of.group.steps.resize(steps, Usd::ZERO);
    let at = usize::try_from(row.get::<_, i64>("step")?).unwrap_or(0).min(steps - 1);
    of.group.steps[at] = of.group.steps[at].checked_add(spent.total()).unwrap_or_default();
    of.group.spent.add(&spent);
    let memory: Option<(u64, u64)> = whole(row, "least_memory")?.zip(whole(row, "most_memory")?);
    of.group.memory_mb = match (of.group.memory_mb, memory) {
        (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
        (one, other) => one.or(other),
    };
    Ok(of)
}

pub(super) fn money(row: &Row<'_>, name: &str) -> duckdb::Result<Usd> {
    Ok(row.get::<_, Option<i128>>(name)?.and_then(Usd::from_attos).unwrap_or_default())
}

pub(super) fn count(row: &Row<'_>, name: &str) -> duckdb::Result<u64> {
    Ok(whole(row, name)?.unwrap_or(0))
}

/// Millionths of invocations as invocations, rounded.
fn left_out(row: &Row<'_>, name: &str) -> duckdb::Result<u64> {
    let millionths: i128 = row.get::<_, Option<i128>>(name)?.unwrap_or(0);
    Ok(u64::try_from((millionths + 500_000) / 1_000_000).unwrap_or(0))
}

pub(super) fn spent(row: &Row<'_>) -> duckdb::Result<Spent> {
    let in_failed = money(row, "in_failed")?.checked_add(money(row, "calls_in_failed")?);
    Ok(Spent {
        invocations: count(row, "invocations")?,
        failed: count(row, "failed")?,
        cold: count(row, "cold")?,
        unpriced: count(row, "unpriced")?,
        unpriced_calls: count(row, "unpriced_calls")?,
        sampled: count(row, "sampled")?,
        left_out: left_out(row, "left_out")?,
        left_out_usd: money(row, "left_out_attos")?,
        requests: money(row, "requests")?,
        own: money(row, "own")?,
        waiting: money(row, "waiting")?,
        init: money(row, "init")?,
        flush: money(row, "flush")?,
        storage: money(row, "storage")?,
        streamed: money(row, "streamed")?,
        restore: money(row, "restore")?,
        calls: money(row, "calls")?,
        in_failed: in_failed.unwrap_or_default(),
        reported: money(row, "reported")?,
        ..Spent::default()
    })
}

fn spent_on_containers(row: &Row<'_>) -> duckdb::Result<Spent> {
    Ok(Spent {
        container_requests: count(row, "requests")?,
        failed: count(row, "failed")?,
        unpriced_requests: count(row, "unpriced_requests")?,
        unpriced_tasks: count(row, "unpriced_tasks")?,
        busy: money(row, "busy")?,
        idle: money(row, "idle")?,
        in_failed: money(row, "in_failed")?,
        ..Spent::default()
    })
}

pub(super) fn spent_on_calls(row: &Row<'_>) -> duckdb::Result<Spent> {
    Ok(Spent { calls: money(row, "calls")?, unpriced_calls: count(row, "unpriced_calls")?, ..Spent::default() })
}
