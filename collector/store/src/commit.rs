//! One block of journal records as one transaction.

use std::collections::HashSet;
use std::path::Path;

use arrow::array::BooleanArray;
use arrow::record_batch::RecordBatch;
use coldlight_model::{Batch, ResourceId, SpanId, Timestamp, TraceId};
use duckdb::Connection;
use duckdb::vtab::arrow::ArrowBatchRegistration;

use crate::error::StoreError;
use crate::journal::Journaled;
use crate::rows::{self, Incoming};

/// Spans further than this from when they were received are looked up in a transaction step of their own, so that one
/// span from 1970 does not make the search for repeats read the whole table.
const ORDINARY: u64 = 3_600_000_000_000;

/// What a commit did.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub spans: u64,
    pub rows: u64,
    pub duplicates: u64,
}

/// Writes `block` and its position in one transaction, or nothing.
pub(crate) fn block(
    db: &Connection,
    block: &[Journaled],
    known: &mut HashSet<ResourceId>,
) -> Result<Written, StoreError> {
    #[cfg(test)]
    fault::strike()?;
    db.execute_batch("BEGIN")?;
    let mut fresh = Vec::new();
    match rows_and_position(db, block, known, &mut fresh).and_then(|written| {
        db.execute_batch("COMMIT")?;
        Ok(written)
    }) {
        Ok(written) => {
            known.extend(fresh);
            Ok(written)
        }
        Err(error) => {
            // On a fatal error there is no transaction left to end; the first error is the one to tell.
            let _ = db.execute_batch("ROLLBACK");
            Err(error)
        }
    }
}

fn rows_and_position(
    db: &Connection,
    block: &[Journaled],
    known: &HashSet<ResourceId>,
    fresh: &mut Vec<ResourceId>,
) -> Result<Written, StoreError> {
    let incoming: Vec<Incoming<'_>> =
        block.iter().map(|record| Incoming { sequence: record.sequence, batch: &record.batch }).collect();
    let mut written = Written::default();

    let mut seen = HashSet::new();
    let resources: Vec<_> = incoming
        .iter()
        .flat_map(|of| of.batch.resources.iter().map(|resource| (resource.id(), resource, of.batch.received_at)))
        .filter(|(id, ..)| !known.contains(id) && seen.insert(*id))
        .collect();
    if !resources.is_empty() {
        fresh.extend(resources.iter().map(|(id, ..)| *id));
        insert(db, include_str!("queries/insert_resources.sql"), rows::resource_columns(resources.into_iter()), None)?;
    }

    let spans: usize = incoming.iter().map(|of| of.batch.spans.len()).sum();
    if spans > 0 {
        let columns = rows::span_columns(&incoming);
        for (part, range) in without_repeats(&incoming, &columns)? {
            written.spans += insert(db, include_str!("queries/insert_spans.sql"), part, Some(range))?;
        }
        written.duplicates = spans as u64 - written.spans;
        written.rows += written.spans;
    }
    let log_times = incoming
        .iter()
        .flat_map(|of| of.batch.logs.iter().map(|log| log.at.or(log.observed_at).unwrap_or(of.batch.received_at)));
    if let Some(range) = range_of(log_times) {
        written.rows += insert(db, include_str!("queries/insert_logs.sql"), rows::log_columns(&incoming), Some(range))?;
    }
    if let Some(range) = range_of(incoming.iter().flat_map(|of| of.batch.metrics.iter().map(|point| point.at))) {
        written.rows +=
            insert(db, include_str!("queries/insert_metrics.sql"), rows::metric_columns(&incoming), Some(range))?;
    }
    let last = block.last().map_or(0, |record| record.sequence);
    db.execute("UPDATE state SET written_sequence = ?", [last])?;
    Ok(written)
}

type Range = (Timestamp, Timestamp);

fn range_of(times: impl Iterator<Item = Timestamp>) -> Option<Range> {
    times.fold(None, |range, at| match range {
        None => Some((at, at)),
        Some((low, high)) => Some((low.min(at), high.max(at))),
    })
}

/// The span rows without those that came earlier in the same block, as one part of ordinary times and one of odd ones.
fn without_repeats(incoming: &[Incoming<'_>], columns: &RecordBatch) -> Result<Vec<(RecordBatch, Range)>, StoreError> {
    let mut seen: HashSet<(TraceId, SpanId, i32, Timestamp)> = HashSet::with_capacity(columns.num_rows());
    let (mut ordinary, mut odd) = (Vec::with_capacity(columns.num_rows()), Vec::with_capacity(columns.num_rows()));
    let (mut ordinary_range, mut odd_range): (Option<Range>, Option<Range>) = (None, None);
    for of in incoming {
        for span in &of.batch.spans {
            let first = seen.insert((span.trace_id, span.span_id, span.kind.0, span.started_at));
            let received = of.batch.received_at;
            let away = span.started_at.since(received).max(received.since(span.started_at));
            let is_ordinary = away <= ORDINARY;
            ordinary.push(first && is_ordinary);
            odd.push(first && !is_ordinary);
            let range = if is_ordinary { &mut ordinary_range } else { &mut odd_range };
            *range = range_of(range.iter().flat_map(|(low, high)| [*low, *high]).chain([span.started_at]));
        }
    }
    let mut parts = Vec::new();
    for (mask, range) in [(ordinary, ordinary_range), (odd, odd_range)] {
        let Some(range) = range else { continue };
        let part = if mask.iter().all(|keep| *keep) {
            columns.clone()
        } else {
            arrow::compute::filter_record_batch(columns, &BooleanArray::from(mask))
                .map_err(|error| duckdb::Error::ToSqlConversionFailure(Box::new(error)))?
        };
        if part.num_rows() > 0 {
            parts.push((part, range));
        }
    }
    Ok(parts)
}

/// Inserts `columns` by `sql`; returns how many rows were new.
fn insert(db: &Connection, sql: &str, columns: RecordBatch, range: Option<Range>) -> Result<u64, StoreError> {
    let registration = ArrowBatchRegistration::new(columns);
    let mut statement = db.prepare(sql)?;
    let rows = match range {
        Some((from, to)) => statement.execute(duckdb::params![&registration, from.nanos(), to.nanos()])?,
        None => statement.execute(duckdb::params![&registration])?,
    };
    Ok(rows as u64)
}

/// Writes each record in a transaction of its own. One that is refused is kept as a file under `quarantine/`.
pub(crate) fn one_by_one(
    db: &Connection,
    block_of: &[Journaled],
    known: &mut HashSet<ResourceId>,
    data: &Path,
) -> Result<Written, StoreError> {
    let mut total = Written::default();
    for record in block_of {
        match block(db, std::slice::from_ref(record), known) {
            Ok(written) => {
                total.spans += written.spans;
                total.rows += written.rows;
                total.duplicates += written.duplicates;
            }
            Err(StoreError::Database(error)) if !StoreError::is_about_data(&error) => return Err(error.into()),
            Err(error) => {
                let path = data.join("quarantine").join(format!("record-{}", record.sequence));
                tracing::error!(error = %crate::writer::chain(&error), file = %path.display(), "a record cannot be written; it is put aside");
                keep_aside(&path, &record.batch)?;
                db.execute("UPDATE state SET written_sequence = ?", [record.sequence])?;
            }
        }
    }
    Ok(total)
}

/// Keeps a batch as a file of its own, for a person to look at.
pub(crate) fn keep_aside(path: &Path, batch: &Batch) -> Result<(), StoreError> {
    let mut bytes = Vec::new();
    crate::journal::encode(batch, &mut bytes);
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, bytes))
        .map_err(|source| StoreError::File { path: path.to_owned(), source })
}

/// Up to which journal record the tables hold everything.
pub(crate) fn written_sequence(db: &Connection) -> Result<u64, StoreError> {
    Ok(db.query_row("SELECT written_sequence FROM state", [], |row| row.get(0))?)
}

/// The resources kept already.
pub(crate) fn known_resources(db: &Connection) -> Result<HashSet<ResourceId>, StoreError> {
    let mut statement = db.prepare("SELECT resource_id FROM resource_rows")?;
    let ids = statement.query_map([], |row| row.get(0).map(ResourceId))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// Failures on demand, for tests of what follows them.
#[cfg(test)]
pub(crate) mod fault {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    /// How many of the next commits meet a fatal error.
    pub(crate) static FATAL: AtomicU32 = AtomicU32::new(0);

    pub(super) fn strike() -> Result<(), duckdb::Error> {
        if FATAL.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_err() {
            return Ok(());
        }
        let text = "FATAL Error: as a test asked".to_owned();
        Err(duckdb::Error::DuckDBFailure(duckdb::ffi::Error::new(duckdb::ffi::DuckDBError), Some(text)))
    }
}
