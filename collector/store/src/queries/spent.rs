//! What a time cost in all, by service and step: the total of [`Store::spending`] without its groups and its sweeps, for pages that show
//! money beside other figures.
//!
//! Of containers it tells what tasks cost, not how busy they were; of calls what they cost, not whose they were.

use coldlight_model::{Filter, Nanos, SpendingBy, Spent, TimeRange};
use duckdb::types::Value as Sql;
use duckdb::{Connection, Row, named_params, params_from_iter};

use super::asking::{Asking, Of};
use super::condition::conditions;
use super::spending::{count, money, spent, spent_on_calls};
use crate::Store;
use crate::error::StoreError;

/// Traces of a filter of which money and map are told: the newest so many.
pub(super) const MOST_TRACES: u64 = 20_000;
/// And the longest time that such a question looks at.
const LONGEST: u64 = 24 * 3_600_000_000_000;

/// What the money of a filter is looked for in: the end of `range`.
pub(super) fn lately(range: TimeRange) -> TimeRange {
    TimeRange { from: range.from.max(range.to.minus(LONGEST)), to: range.to }
}

/// Of what the money is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whole {
    /// All that was kept: what [`Store::spending`] of the same time sums to.
    All,
    /// Invocations and calls of the traces in the table `rolling` of this connection. What of a task is theirs is not told.
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
            let conditions = conditions(range, &filter);
            let gather = conditions.fill(include_str!("spent_found.sql"));
            let mut params = conditions.params;
            params.push(Sql::BigInt(MOST_TRACES as i64));
            db.execute(&gather, params_from_iter(params))?;
            let sum = total(db, range.whole_minutes(), Whole::Found);
            db.execute_batch("DROP TABLE IF EXISTS temp.rolling")?;
            sum
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
    if of == Whole::All && stand_for_more(db, range)? {
        // What sampling left out is estimated from each invocation with its calls, so of each it is asked.
        asking.call(db)?;
        asking.rows(db, Of::Functions, |row| tell(row, spent(row)?))?;
        asking.rows(db, Of::Calls, |row| tell(row, spent_on_calls(row)?))?;
        asking.forget(db)?;
        return tasks(db, range, step, tell);
    }
    let functions = if of == Whole::Found { Of::FunctionsFound } else { Of::FunctionsAlone };
    asking.rows(db, functions, |row| tell(row, spent(row)?))?;
    let calls = match of {
        Whole::All => include_str!("spent_calls.sql"),
        Whole::Found => include_str!("spent_calls_found.sql"),
    };
    let mut statement = db.prepare(calls)?;
    let mut rows = statement.query(named_params! {
        "from": range.from.nanos(), "to": range.to.nanos(), "step": i64::try_from(step).unwrap_or(i64::MAX),
    })?;
    while let Some(row) = rows.next()? {
        tell(row, spent_on_calls(row)?)?;
    }
    if of == Whole::All { tasks(db, range, step, tell) } else { Ok(()) }
}

/// Whether an invocation of the time says that it stands for more than itself.
fn stand_for_more(db: &Connection, range: TimeRange) -> Result<bool, StoreError> {
    let mut statement = db.prepare_cached(include_str!("spent_sampled.sql"))?;
    Ok(statement.query_row([range.from.nanos(), range.to.nanos()], |row| row.get(0))?)
}

fn tasks(
    db: &Connection,
    range: TimeRange,
    step: Nanos,
    mut tell: impl FnMut(&Row<'_>, Spent) -> duckdb::Result<()>,
) -> Result<(), StoreError> {
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
