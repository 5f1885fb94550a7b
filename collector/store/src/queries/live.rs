//! What became visible since somebody looked: root spans and invocations.
//!
//! The writer knows nothing of this: what is new is read back by its journal sequence, which the zone maps of the tables find at
//! once. So nobody who watches, however many they are, makes a sender wait.

use coldlight_model::{
    Filter, LiveMark, LiveNews, LiveSpan, NodeKind, Outcome, RunningInvocation, TimeRange, Timestamp,
};
use duckdb::types::Value as Sql;
use duckdb::{Connection, Row, params_from_iter};

use super::condition::{Conditions, conditions};
use super::invocation_condition::invocation_conditions;
use super::invocations::summary;
use crate::Store;
use crate::error::StoreError;
use crate::prices;
use crate::rows;

/// What somebody watches.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveSearch {
    pub after: LiveMark,
    /// Of the starts: what happened long ago and arrives now is not live.
    pub range: TimeRange,
    /// Which root spans; `None`: none.
    pub spans: Option<Filter>,
    /// Which invocations, by [`Filter::of_invocations`]; `None`: none.
    pub invocations: Option<Filter>,
    /// Of each of the two at most so many, at most 1,000.
    pub limit: u32,
}

/// Whoever was away for more journal records than this misses what came before them, and is told so.
const LOOK_BACK: u64 = 200_000;

/// Lambda's longest timeout: what began earlier has ended, whatever was said of it.
const LONGEST: u64 = 900_000_000_000;
const MOST_RUNNING: i64 = 20;

impl Store {
    /// Up to where everything can be read now.
    pub async fn live_mark(&self) -> Result<LiveMark, StoreError> {
        self.ask(mark).await
    }

    /// What came since `search.after` and matches.
    pub async fn live(&self, search: LiveSearch) -> Result<LiveNews, StoreError> {
        let now = (self.shared.now)();
        self.ask(move |db| news(db, &search, now)).await
    }
}

fn mark(db: &Connection) -> Result<LiveMark, StoreError> {
    let sequence = |sql| -> Result<u64, StoreError> { Ok(db.query_row(sql, [], |row| row.get(0))?) };
    // In this order: what was told of later is then not passed over.
    let told = sequence("SELECT sequence FROM invoked")?;
    Ok(LiveMark { written: sequence("SELECT written_sequence FROM state")?, told })
}

fn news(db: &Connection, search: &LiveSearch, now: Timestamp) -> Result<LiveNews, StoreError> {
    let mark = mark(db)?;
    let limit = search.limit.clamp(1, 1_000) as usize;
    let least = mark.written.saturating_sub(LOOK_BACK);
    let is_cut = search.after.written < least || search.after.told < mark.told.min(least);
    let after =
        LiveMark { written: search.after.written.max(least), told: search.after.told.max(least.min(mark.told)) };
    let mut news = LiveNews { mark, is_cut, ..LiveNews::default() };
    if let Some(filter) = search.spans.as_ref().filter(|_| mark.written > after.written) {
        let conditions = conditions(search.range, filter);
        let within = [Sql::UBigInt(after.written), Sql::UBigInt(mark.written)];
        let list = include_str!("live_spans.sql");
        (news.spans, news.skipped) =
            listed(db, [list, include_str!("live_span_count.sql")], &within, conditions, limit, span)?;
    }
    if let Some(filter) = search.invocations.as_ref().filter(|_| mark.told > after.told) {
        db.execute(include_str!("live_spoken.sql"), [after.told, mark.told])?;
        let conditions = invocation_conditions(search.range, filter);
        let book = prices::read(db)?;
        let list = include_str!("live_invocations.sql");
        let count = include_str!("live_invocation_count.sql");
        let (found, skipped) = listed(db, [list, count], &[], conditions, limit, |row| summary(row, &book))?;
        db.execute_batch("DROP TABLE temp.spoken")?;
        news.invocations = found;
        news.skipped += skipped;
    }
    if search.invocations.is_some() {
        news.running = running(db, now)?;
    }
    Ok(news)
}

/// The first `limit` rows of `list`, and how many more there are by `count`; each begins with the parameters `within`.
fn listed<T>(
    db: &Connection,
    [list, count]: [&str; 2],
    within: &[Sql],
    conditions: Conditions,
    limit: usize,
    read: impl Fn(&Row<'_>) -> duckdb::Result<T>,
) -> Result<(Vec<T>, u64), StoreError> {
    let mut params = within.to_vec();
    params.extend(conditions.params.iter().cloned());
    let mut all = params.clone();
    all.push(Sql::BigInt(limit as i64));
    let mut statement = db.prepare(&conditions.fill(list))?;
    let rows = statement.query_map(params_from_iter(all), read)?;
    let found = rows.collect::<Result<Vec<_>, _>>()?;
    if found.len() < limit {
        return Ok((found, 0));
    }
    let matching: i64 = db.query_row(&conditions.fill(count), params_from_iter(params), |row| row.get(0))?;
    let skipped = matching.unsigned_abs().saturating_sub(found.len() as u64);
    Ok((found, skipped))
}

fn span(row: &Row<'_>) -> duckdb::Result<LiveSpan> {
    Ok(LiveSpan {
        trace_id: rows::trace_id(row, "trace_id")?,
        span_id: rows::span_id(row, "span_id")?,
        service: row.get("service")?,
        platform: NodeKind::from_name(&row.get::<_, String>("platform")?),
        name: row.get("name")?,
        started_at: Timestamp::from_sql(row.get("started_ns")?),
        duration: row.get::<_, i64>("duration_ns")?.unsigned_abs(),
        outcome: Outcome::from_marks(row.get("error")?, row.get("fault")?, row.get("throttle")?),
        error_type: row.get("error_type")?,
    })
}

fn running(db: &Connection, now: Timestamp) -> Result<Vec<RunningInvocation>, StoreError> {
    let mut statement = db.prepare_cached(include_str!("live_running.sql"))?;
    let rows = statement.query_map([now.minus(LONGEST).nanos(), MOST_RUNNING], |row| {
        Ok(RunningInvocation {
            request_id: row.get("invocation_id")?,
            function: row.get("function")?,
            started_at: Timestamp::from_sql(row.get("started_ns")?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
