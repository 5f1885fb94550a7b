//! What a time cost in all, by service and step: the total of [`Store::spending`] without its groups and its sweeps, for pages that show
//! money beside other figures.
//!
//! Of containers it tells what tasks cost, not how busy they were; of calls what they cost, not whose they were.

use coldlight_model::{Filter, Nanos, SpendingBy, Spent, TimeRange};
use duckdb::{Connection, Row, named_params};

use super::asking::{Asking, Of};
use super::chosen::{among, lately};
use super::containers::lived_after;
use super::spending::{count, money, spent, spent_on_calls};
use crate::Store;
use crate::error::StoreError;

/// Of what the money is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whole {
    /// All that was kept: what [`Store::spending`] of the same time sums to.
    All,
    /// Invocations and calls of the traces in the table `chosen` of this connection. What of a task is theirs is not told.
    Found,
}

impl Store {
    /// What the whole minutes of `range` cost; with a filter, of the newest traces that have a span that all its conditions hold of, and
    /// of the last day of the range at most, as the map of the filter is.
    ///
    /// # Errors
    /// The database's own, or that it took too long.
    pub async fn spent(&self, range: TimeRange, filter: Filter) -> Result<Spent, StoreError> {
        self.ask(move |db| {
            if filter.is_empty() {
                return total(db, range.whole_minutes(), Whole::All);
            }
            let range = lately(range);
            among(db, range, &filter, || total(db, range.whole_minutes(), Whole::Found))
        })
        .await
    }
}

fn total(db: &Connection, range: TimeRange, of: Whole) -> Result<Spent, StoreError> {
    let mut all = Spent::default();
    each_sum(db, range, range.length().max(1), of, |_, _, spent| all.add(&spent))?;
    Ok(all)
}

/// Hands to `each` what was spent in `range`, by service and step of so many ns.
pub(super) fn each_sum(
    db: &Connection,
    range: TimeRange,
    step: Nanos,
    of: Whole,
    mut each: impl FnMut(Option<String>, usize, Spent),
) -> Result<(), StoreError> {
    let asking = Asking { range, origin: range.from, step, by: &SpendingBy::Service, filter: &Filter::default() };
    let mut tell = |row: &Row<'_>, spent: Spent| -> duckdb::Result<()> {
        let step = usize::try_from(row.get::<_, i64>("step")?).unwrap_or(0);
        each(row.get("name")?, step, spent);
        Ok(())
    };
    if of == Whole::Found {
        asking.rows(db, Of::FunctionsFound, |row| tell(row, spent(row)?))?;
        let mut statement = db.prepare(include_str!("spent_calls_found.sql"))?;
        let mut rows = statement.query(named_params! {
            "from": range.from.nanos(), "to": range.to.nanos(), "step": i64::try_from(step).unwrap_or(i64::MAX),
        })?;
        while let Some(row) = rows.next()? {
            tell(row, spent_on_calls(row)?)?;
        }
        return Ok(());
    }
    let (functions, calls) = if asking.by_minute(db)?.is_some() {
        (Of::FunctionsByMinute, Of::CallsByMinute)
    } else {
        asking.call(db)?;
        (Of::Functions, Of::Calls)
    };
    asking.rows(db, functions, |row| tell(row, spent(row)?))?;
    asking.rows(db, calls, |row| tell(row, spent_on_calls(row)?))?;
    asking.forget(db)?;
    tasks(db, range, step, tell)
}

fn tasks(
    db: &Connection,
    range: TimeRange,
    step: Nanos,
    mut tell: impl FnMut(&Row<'_>, Spent) -> duckdb::Result<()>,
) -> Result<(), StoreError> {
    if !lived_after(db, range.from)? {
        return Ok(());
    }
    let mut statement = db.prepare_cached(include_str!("spent_tasks.sql"))?;
    let mut rows = statement.query(named_params! {
        "from": range.from.nanos(), "to": range.to.nanos(), "step": i64::try_from(step).unwrap_or(i64::MAX),
    })?;
    while let Some(row) = rows.next()? {
        let (tasks, unpriced_tasks) = (money(row, "tasks")?, count(row, "unpriced_tasks")?);
        tell(row, Spent { tasks, unpriced_tasks, ..Spent::default() })?;
    }
    Ok(())
}
