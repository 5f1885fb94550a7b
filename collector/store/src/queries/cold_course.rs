//! What the page about cold starts says beyond its groups.

use coldlight_model::money::Usd;
use coldlight_model::{ColdCourse, ColdRoute, Filter, InitSplit, Nanos, TimeRange};
use duckdb::types::Value as Sql;
use duckdb::{Connection, Row, params_from_iter};

use super::invocation_condition::invocation_conditions;
use super::spending::count;
use crate::Store;
use crate::error::StoreError;
use crate::rows::whole;

/// A trace begins at most so long before the cold start in it.
const REACH: Nanos = 15 * 60_000_000_000;

impl Store {
    /// Of the cold starts in `range` that `filter` ([`Filter::of_invocations`]) holds of: where their inits spent their time, after how long
    /// they happened, and behind which routes.
    ///
    /// # Errors
    /// The database's own, or that it took too long.
    pub async fn cold_course(&self, range: TimeRange, filter: Filter) -> Result<ColdCourse, StoreError> {
        self.ask(move |db| {
            let mut course = ColdCourse::default();
            let asked = Asked { db, range, filter: &filter };
            course.splits = asked.all(include_str!("cold_splits.sql"), [], split)?;
            idle(&asked, &mut course)?;
            let reach = [range.from.minus(REACH), range.to].map(|at| Sql::BigInt(at.nanos()));
            course.routes = asked.all(include_str!("cold_routes.sql"), reach, route)?;
            Ok(course)
        })
        .await
    }
}

struct Asked<'a> {
    db: &'a Connection,
    range: TimeRange,
    filter: &'a Filter,
}

impl Asked<'_> {
    /// Every row of a question whose conditions come before `more`.
    fn all<T>(
        &self,
        question: &str,
        more: impl IntoIterator<Item = Sql>,
        read: fn(&Row<'_>) -> duckdb::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let conditions = invocation_conditions(self.range, self.filter);
        let mut statement = self.db.prepare(&conditions.fill(question))?;
        let rows = statement.query_map(params_from_iter(conditions.params.into_iter().chain(more)), read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn split(row: &Row<'_>) -> duckdb::Result<InitSplit> {
    let (whole_ns, done) = (count(row, "whole_ns")?, count(row, "done_ns")?);
    let (extensions, own) = (whole(row, "extensions_ns")?, whole(row, "own_ns")?);
    Ok(InitSplit {
        function: row.get("name")?,
        inits: count(row, "inits")?,
        whole: whole_ns,
        extensions,
        runtime: done.saturating_sub(extensions.unwrap_or(0)).saturating_sub(own.unwrap_or(0)),
        function_code: own,
        rest: whole_ns.saturating_sub(done),
    })
}

fn idle(asked: &Asked<'_>, course: &mut ColdCourse) -> Result<(), StoreError> {
    let read = |row: &Row<'_>| Ok((whole(row, "place")?, count(row, "starts")?));
    for (place, starts) in asked.all(include_str!("cold_idle.sql"), [], read)? {
        match place {
            None => course.first_known = starts,
            Some(0) => course.while_busy = starts,
            Some(place) => {
                let at = (place as usize - 1).min(course.idle.len() - 1);
                course.idle[at] = starts;
            }
        }
    }
    Ok(())
}

fn route(row: &Row<'_>) -> duckdb::Result<ColdRoute> {
    let added = match row.get("added")? {
        Sql::List(values) => values,
        _ => Vec::new(),
    };
    let nanos = |at: usize| match added.get(at) {
        Some(Sql::Double(ms)) => (ms * 1e6).round() as Nanos,
        _ => 0,
    };
    Ok(ColdRoute {
        service: row.get("service")?,
        route: row.get("route")?,
        requests: count(row, "requests")?,
        slowed: count(row, "slowed")?,
        added: (nanos(0), nanos(1)),
        init: row.get::<_, String>("init_usd")?.parse::<Usd>().unwrap_or_default(),
        unpriced: count(row, "unpriced")?,
    })
}
