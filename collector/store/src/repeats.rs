//! Which rows of a part are kept already: exporters resend whole requests after a lost answer.
//!
//! The question goes to the database with the columns of the key alone, before the insert: as a condition of the insert it
//! would carry every wide row through a hash table, at twice the processor time and with the order of rows lost.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, UInt32Array};
use arrow::record_batch::RecordBatch;
use coldlight_model::{Batch, SpanId, Timestamp, TraceId};
use duckdb::Connection;

use crate::error::StoreError;
use crate::handed::{Handed, append, by_length, unexpected};
use crate::recent::Recent;
use crate::rows::Incoming;

/// Rows further than this from when they were received are looked up by themselves, so that one span from 1970 does not
/// make the search for repeats read the whole table.
const ORDINARY: u64 = 3_600_000_000_000;

/// A table, what makes two of its rows the same, and how to find that.
pub(crate) struct Kind {
    /// Reads the columns of the key and `position` of fresh rows; takes a time range, gives the positions of rows that are kept already.
    find: &'static str,
    key: &'static [&'static str],
    pub table: &'static str,
}

pub(crate) const SPANS: Kind = Kind {
    find: include_str!("queries/repeated_spans.sql"),
    key: &["trace_id", "span_id", "kind", "started_at"],
    table: "span_rows",
};

pub(crate) const LOGS: Kind = Kind {
    find: include_str!("queries/repeated_logs.sql"),
    key: &[
        "logged_at",
        "time",
        "observed_at",
        "resource_id",
        "trace_id",
        "span_id",
        "severity_number",
        "event_name",
        "body",
        "attributes",
    ],
    table: "log_rows",
};

pub(crate) const METRICS: Kind = Kind {
    find: include_str!("queries/repeated_metrics.sql"),
    key: &["time", "name", "resource_id", "attributes"],
    table: "metric_rows",
};

impl Kind {
    /// The positions of what is kept already of the rows in `fresh`.
    fn find(&self, db: &Connection, fresh: &str, from: Timestamp, to: Timestamp) -> Result<Vec<u32>, StoreError> {
        let mut statement = db.prepare(&self.find.replace("/* fresh */", fresh))?;
        let found = statement.query_map([from.nanos(), to.nanos()], |row| row.get(0))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// As `find`, for rows that cannot be handed over: by way of a table.
    fn find_long(
        &self,
        db: &Connection,
        fresh: &RecordBatch,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<u32>, StoreError> {
        let (key, table) = (self.key.join("\", \""), self.table);
        db.execute_batch(&format!(
            "CREATE OR REPLACE TEMP TABLE long_rows AS SELECT 0::UINTEGER AS position, \"{key}\" FROM {table} LIMIT 0"
        ))?;
        append(db.appender_to_catalog_and_db("long_rows", "temp", "main")?, fresh)?;
        let found = self.find(db, "temp.long_rows", from, to)?;
        db.execute_batch("DROP TABLE temp.long_rows")?;
        Ok(found)
    }
}

/// When a row happened, and whether that is near to when it was received.
#[derive(Clone, Copy)]
pub(crate) struct When {
    at: Timestamp,
    ordinary: bool,
}

impl When {
    pub fn new(at: Timestamp, received: Timestamp) -> Self {
        Self { at, ordinary: at.since(received).max(received.since(at)) <= ORDINARY }
    }
}

/// For every span in order whether it is the first of its key in `incoming`.
pub(crate) fn firsts(incoming: &[Incoming<'_>]) -> Vec<bool> {
    let spans = || incoming.iter().flat_map(|of| &of.batch.spans);
    let mut seen: HashSet<(TraceId, SpanId, i32, Timestamp)> = HashSet::with_capacity(spans().count());
    spans().map(|span| seen.insert((span.trace_id, span.span_id, span.kind.0, span.started_at))).collect()
}

/// For every request in order whether it says what an earlier one of `incoming` said: the same request, sent again.
fn said_before(incoming: &[Incoming<'_>]) -> Vec<bool> {
    let mut like: HashMap<(usize, usize, Option<Timestamp>), Vec<&Batch>> = HashMap::new();
    incoming
        .iter()
        .map(|of| {
            let batch = of.batch;
            let first = batch.logs.first().map(|log| log.at.or(log.observed_at).unwrap_or_default());
            let first = first.or(batch.metrics.first().map(|point| point.at));
            let earlier = like.entry((batch.logs.len(), batch.metrics.len(), first)).or_default();
            let said = first.is_some()
                && earlier.iter().any(|other| {
                    other.logs == batch.logs && other.metrics == batch.metrics && other.resources == batch.resources
                });
            if !said {
                earlier.push(batch);
            }
            said
        })
        .collect()
}

/// For every log record (or data point, as `count` says) of `incoming` in order whether its request is no repeat of another.
pub(crate) fn said_first(incoming: &[Incoming<'_>], count: impl Fn(&Batch) -> usize) -> Vec<bool> {
    let said = said_before(incoming).into_iter();
    incoming.iter().zip(said).flat_map(|(of, said)| std::iter::repeat_n(!said, count(of.batch))).collect()
}

/// The time of each log record that is filed.
pub(crate) fn logged_at(batch: &Batch) -> impl Iterator<Item = Timestamp> + '_ {
    batch.logs.iter().map(|log| log.at.or(log.observed_at).unwrap_or(batch.received_at))
}

/// Rows for one table, as they came.
pub(crate) struct Rows {
    pub columns: RecordBatch,
    /// Of each row in order.
    pub times: Vec<When>,
    /// Whether it is the first that says what it says.
    pub wanted: Vec<bool>,
    /// Of spans, what stands for each in [`Recent`].
    pub spans: Vec<u64>,
}

/// Those of `rows` that are wanted and not kept yet. Looked for are only those that `recent` does not know to be new; it gets to know them.
pub(crate) fn without(
    db: &Connection,
    kind: &Kind,
    rows: Rows,
    recent: &mut Recent,
) -> Result<RecordBatch, StoreError> {
    let Rows { columns, times, mut wanted, spans } = rows;
    let is_new = |(key, when): (&u64, &When)| !recent.may_hold(*key, when.at);
    let mut sought: Vec<bool> = spans.iter().zip(&times).map(is_new).map(|is_new| !is_new).collect();
    sought.resize(times.len(), true);
    let mut keys = keys(kind, &columns)?;
    if !sought.iter().all(|sought| *sought) {
        keys = arrow::compute::filter_record_batch(&keys, &BooleanArray::from(sought.clone())).map_err(unexpected)?;
    }
    let (keys, long) = by_length(keys)?;
    for ordinary in [true, false] {
        let those = times.iter().zip(&sought).filter(|(when, sought)| **sought && when.ordinary == ordinary);
        let those = those.map(|(when, _)| when.at);
        let Some((from, to)) = range_of(those) else { continue };
        let mut repeated = Vec::new();
        if keys.num_rows() > 0 {
            let handed = Handed::new(keys.clone());
            repeated = kind.find(db, &format!("handed({})", handed.token()), from, to)?;
        }
        if long.num_rows() > 0 {
            repeated.extend(kind.find_long(db, &long, from, to)?);
        }
        for position in repeated {
            if let Some(wanted) = wanted.get_mut(position as usize) {
                *wanted = false;
            }
        }
    }
    for ((key, when), _) in spans.iter().zip(&times).zip(&wanted).filter(|(_, wanted)| **wanted) {
        recent.add(*key, when.at);
    }
    if wanted.iter().all(|wanted| *wanted) {
        return Ok(columns);
    }
    arrow::compute::filter_record_batch(&columns, &BooleanArray::from(wanted)).map_err(unexpected)
}

fn range_of(times: impl Iterator<Item = Timestamp>) -> Option<(Timestamp, Timestamp)> {
    times.fold(None, |range, at| match range {
        None => Some((at, at)),
        Some((low, high)) => Some((low.min(at), high.max(at))),
    })
}

/// The columns of the key, and each row's place.
fn keys(kind: &Kind, columns: &RecordBatch) -> Result<RecordBatch, StoreError> {
    let positions: ArrayRef = Arc::new(UInt32Array::from_iter_values(0..columns.num_rows() as u32));
    let mut named = vec![("position", positions)];
    for name in kind.key {
        let column =
            columns.column_by_name(name).ok_or_else(|| duckdb::Error::InvalidColumnName((*name).to_owned()))?;
        named.push((name, column.clone()));
    }
    RecordBatch::try_from_iter_with_nullable(named.into_iter().map(|(name, column)| (name, column, true)))
        .map_err(unexpected)
}
