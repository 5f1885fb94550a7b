//! Invocations put together by what they have in common.

use std::collections::HashMap;

use coldlight_model::lambda::StartKind;
use coldlight_model::{Filter, InvocationGroup, InvocationGrouping, Money, Quantiles, TimeRange};
use duckdb::types::Value as Sql;
use duckdb::{Connection, Row, params_from_iter};

use super::condition::Conditions;
use super::invocation_condition::invocation_conditions;
use super::invocations::nanos_of_ms;
use super::spending::{count, money};
use crate::Store;
use crate::engine::transaction;
use crate::error::StoreError;
use crate::rows::whole;

/// Of each grouping.
const MOST_GROUPS: u32 = 1_000;

impl Store {
    /// Matching invocations by what they have in common, for each of `by`: most first, at most 1,000 groups. There is always one for
    /// [`InvocationGrouping::All`], and of slices only those in which something happened.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn invocation_groups<const N: usize>(
        &self,
        range: TimeRange,
        filter: Filter,
        by: [InvocationGrouping; N],
    ) -> Result<[Vec<InvocationGroup>; N], StoreError> {
        self.ask(move |db| {
            let conditions = invocation_conditions(range, &filter);
            // Both questions see the same rows.
            let mut groups = transaction(db, |db| groups(db, range, &conditions, by))?;
            for (by, groups) in by.iter().zip(&mut groups) {
                if *by == InvocationGrouping::All && groups.is_empty() {
                    groups.push(InvocationGroup { name: Some(String::new()), ..InvocationGroup::default() });
                }
            }
            Ok(groups)
        })
        .await
    }
}

/// What an invocation's group is called; NULL where nobody said.
fn name(by: InvocationGrouping, from: i64) -> String {
    match by {
        InvocationGrouping::All => "''".to_owned(),
        InvocationGrouping::Function => "coalesce(\"function\", service)".to_owned(),
        InvocationGrouping::Version => "version".to_owned(),
        InvocationGrouping::Runtime => "runtime".to_owned(),
        InvocationGrouping::Memory => "memory_mb::VARCHAR".to_owned(),
        InvocationGrouping::Trigger => "\"trigger\"".to_owned(),
        InvocationGrouping::Slice(length) => {
            let length = i64::try_from(length.max(1)).unwrap_or(i64::MAX);
            format!("((epoch_ns(started_at) - {from}) // {length})::VARCHAR")
        }
    }
}

/// The two templates, filled in for `by`.
fn filled<const N: usize>(template: &str, conditions: &Conditions, by: [InvocationGrouping; N], from: i64) -> String {
    let list = |piece: &dyn Fn(usize) -> String, between| (0..N).map(piece).collect::<Vec<_>>().join(between);
    let case = |value: &dyn Fn(usize) -> String| {
        format!("CASE {} END", list(&|at| format!("WHEN grouping(name_{at}) = 0 THEN {}", value(at)), " "))
    };
    let template = template
        .replace("/* matching */", include_str!("invocations_matching.sql"))
        .replace("/* names */", &list(&|at| format!("{} AS name_{at}", name(by[at], from)), ", "))
        .replace("/* which */", &case(&|at| at.to_string()))
        .replace("/* name */", &case(&|at| format!("name_{at}")))
        .replace("/* sets */", &list(&|at| format!("(name_{at})"), ", "));
    conditions.fill(&template)
}

fn groups<const N: usize>(
    db: &Connection,
    range: TimeRange,
    conditions: &Conditions,
    by: [InvocationGrouping; N],
) -> Result<[Vec<InvocationGroup>; N], StoreError> {
    let from = range.from.nanos();
    let mut params = conditions.params.clone();
    let mut took = HashMap::new();
    let mut statement = db.prepare(&filled(include_str!("invocation_quantiles.sql"), conditions, by, from))?;
    let mut rows = statement.query(params_from_iter(&params))?;
    while let Some(row) = rows.next()? {
        let of = ["duration", "warm_duration", "cold_duration", "init"];
        let [duration, warm, cold, init] = of.map(|name| quantiles(row, name));
        let key: (usize, Option<String>) = (row.get("which")?, row.get("name")?);
        took.insert(key, [duration?, warm?, cold?, init?]);
    }
    params.push(Sql::BigInt(MOST_GROUPS.into()));
    let mut groups = std::array::from_fn(|_| Vec::new());
    let mut statement = db.prepare(&filled(include_str!("invocation_groups.sql"), conditions, by, from))?;
    let mut rows = statement.query(params_from_iter(&params))?;
    while let Some(row) = rows.next()? {
        let which: usize = row.get("which")?;
        let name: Option<String> = row.get("name")?;
        let took = took.remove(&(which, name.clone())).unwrap_or_default();
        groups[which].push(group(row, name, took)?);
    }
    Ok(groups)
}

fn quantiles(row: &Row<'_>, name: &str) -> duckdb::Result<Quantiles> {
    let values = match row.get(name)? {
        Sql::List(values) => values,
        _ => Vec::new(),
    };
    let at = |at: usize| match values.get(at) {
        Some(Sql::Double(ms)) => Some(nanos_of_ms(*ms)),
        _ => None,
    };
    Ok(Quantiles { p50: at(0), p95: at(1), p99: at(2) })
}

fn group(
    row: &Row<'_>,
    name: Option<String>,
    [duration, warm_duration, cold_duration, init]: [Quantiles; 4],
) -> duckdb::Result<InvocationGroup> {
    let mut starts = [0; StartKind::ALL.len() + 1];
    for (kind, counted) in StartKind::ALL.iter().zip(&mut starts) {
        *counted = count(row, kind.name())?;
    }
    starts[StartKind::ALL.len()] = count(row, "start_unknown")?;
    Ok(InvocationGroup {
        name,
        count: count(row, "invocations")?,
        errors: count(row, "errors")?,
        timeouts: count(row, "timeouts")?,
        out_of_memory: count(row, "out_of_memory")?,
        starts,
        duration,
        warm_duration,
        cold_duration,
        init,
        memory_mb: whole(row, "least_memory_mb")?.zip(whole(row, "most_memory_mb")?),
        max_memory_mb: whole(row, "max_memory_mb")?,
        money: Money {
            total: money(row, "total_attos")?,
            reported: money(row, "reported_attos")?,
            estimated: money(row, "estimated_attos")?,
            requests: money(row, "requests_attos")?,
            duration: money(row, "duration_attos")?,
            storage: money(row, "storage_attos")?,
            streamed: money(row, "streamed_attos")?,
            restore: money(row, "restore_attos")?,
            init: money(row, "init_attos")?,
            failed: money(row, "failed_attos")?,
            unpriced: count(row, "unpriced")?,
        },
        sampled: count(row, "sampled")?,
        left_out: count(row, "left_out")?,
    })
}
