//! What invocations and containers cost, summed.

use std::collections::BTreeMap;

use coldlight_model::money::Usd;
use coldlight_model::{Nanos, Spending, SpendingBy, SpendingGroup, Spent, TimeRange};
use duckdb::{Connection, Row, named_params};

use crate::Store;
use crate::error::StoreError;
use crate::rows::whole;

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
    /// What invocations and containers in `range` cost, in steps of `step`, grouped; and in the same length of time before.
    ///
    /// # Errors
    /// The database's own, or that it took too long.
    pub async fn spending(&self, range: TimeRange, step: Nanos, by: SpendingBy) -> Result<Spending, StoreError> {
        self.ask(move |db| {
            let length = range.to.since(range.from);
            let before = TimeRange { from: range.from.minus(length), to: range.from };
            let step = step.max(1);
            let steps = usize::try_from(length.div_ceil(step)).unwrap_or(usize::MAX).clamp(1, MOST_STEPS);
            let step = step.max(length.div_ceil(steps as u64));
            let mut spending = Spending { range, step, by, ..Spending::default() };
            let mut groups = gathered(db, range, step, steps, by)?;
            spending.previous_steps = vec![Usd::ZERO; steps];
            for (name, of) in gathered(db, before, step, steps, by)? {
                spending.previous.add(&of.group.spent);
                for (sum, more) in spending.previous_steps.iter_mut().zip(&of.group.steps) {
                    *sum = sum.checked_add(*more).unwrap_or(*sum);
                }
                if let Some(now) = groups.get_mut(&name) {
                    now.group.previous = of.group.spent.total();
                }
            }
            for (_, of) in groups {
                spending.total.add(&of.group.spent);
                spending.groups.push(of.group());
            }
            spending.groups.sort_by(|a, b| b.spent.total().cmp(&a.spent.total()).then_with(|| a.name.cmp(&b.name)));
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
        let on_arm64 = self.on_arm64.filter(|_| on_x86 && !self.not_on_arm64);
        SpendingGroup { architecture, on_arm64, ..self.group }
    }
}

/// By name; the nameless last.
type Groups = BTreeMap<(bool, String), Gathered>;

fn gathered(
    db: &Connection,
    range: TimeRange,
    step: Nanos,
    steps: usize,
    by: SpendingBy,
) -> Result<Groups, StoreError> {
    let asked = named_params! {
        "from": range.from.nanos(), "to": range.to.nanos(),
        "step": i64::try_from(step).unwrap_or(i64::MAX), "by": by.name(),
    };
    let mut groups = Groups::new();
    let mut statement = db.prepare_cached(include_str!("spending.sql"))?;
    let mut rows = statement.query(asked)?;
    while let Some(row) = rows.next()? {
        let of = gather(&mut groups, row, spent(row)?, steps)?;
        of.not_on_arm64 |= row.get::<_, i64>("not_on_arm64")? > 0;
        of.on_arm64 = of.on_arm64.unwrap_or_default().checked_add(money(row, "on_arm64")?);
    }
    let mut statement = db.prepare_cached(include_str!("spending_containers.sql"))?;
    let mut rows = statement.query(asked)?;
    while let Some(row) = rows.next()? {
        let of = gather(&mut groups, row, spent_on_containers(row)?, steps)?;
        // A container's image for another processor is not ours to judge.
        of.not_on_arm64 = true;
    }
    Ok(groups)
}

/// Adds what a row says to its group.
fn gather<'a>(groups: &'a mut Groups, row: &Row<'_>, spent: Spent, steps: usize) -> duckdb::Result<&'a mut Gathered> {
    let name: Option<String> = row.get("name")?;
    let of = groups.entry((name.is_none(), name.clone().unwrap_or_default())).or_default();
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
    of.architectures.push(row.get("architecture")?);
    Ok(of)
}

fn money(row: &Row<'_>, name: &str) -> duckdb::Result<Usd> {
    Ok(row.get::<_, Option<i128>>(name)?.and_then(Usd::from_attos).unwrap_or_default())
}

pub(super) fn spent(row: &Row<'_>) -> duckdb::Result<Spent> {
    let count = |name| -> duckdb::Result<u64> { Ok(whole(row, name)?.unwrap_or(0)) };
    Ok(Spent {
        invocations: count("invocations")?,
        failed: count("failed")?,
        cold: count("cold")?,
        unpriced: count("unpriced")?,
        requests: money(row, "requests")?,
        own: money(row, "own")?,
        waiting: money(row, "waiting")?,
        init: money(row, "init")?,
        flush: money(row, "flush")?,
        restore: money(row, "restore")?,
        in_failed: money(row, "in_failed")?,
        reported: money(row, "reported")?,
        ..Spent::default()
    })
}

fn spent_on_containers(row: &Row<'_>) -> duckdb::Result<Spent> {
    let count = |name| -> duckdb::Result<u64> { Ok(whole(row, name)?.unwrap_or(0)) };
    Ok(Spent {
        container_requests: count("requests")?,
        failed: count("failed")?,
        unpriced_requests: count("unpriced_requests")?,
        unpriced_tasks: count("unpriced_tasks")?,
        busy: money(row, "busy")?,
        idle: money(row, "idle")?,
        in_failed: money(row, "in_failed")?,
        ..Spent::default()
    })
}
