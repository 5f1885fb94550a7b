//! The steps of a transaction one by one, for `cargo bench`: what the bare engine takes, and what we add to it. And a store full of
//! made invocations, for the examples in SQL.

use std::path::Path;
use std::time::{Duration, Instant};

use coldlight_model::{Batch, Timestamp};
use duckdb::Config;

use crate::commit::{Known, Transaction};
use crate::error::StoreError;
use crate::journal::Journaled;
use crate::part::Part;
use crate::repeats;
use crate::rows::{Incoming, span_columns};
use crate::schema;

/// How long each step took for one batch, and what it left.
#[derive(Clone, Copy, Debug, Default)]
pub struct Steps {
    /// Facts, JSON and Arrow columns.
    pub columns: Duration,
    /// Bulk insert of the prepared columns into the same table, without looking for repeats.
    pub bare_insert: Duration,
    /// The same batch, shifted in time and identity by the caller, as the writer writes it: one transaction of parts.
    pub transaction: Duration,
    pub checkpoint: Duration,
    pub file_bytes: u64,
    /// The write-ahead log before the checkpoint.
    pub wal_bytes: u64,
}

/// Takes the first of `batches` bare, and the rest as the writer does, into a new database in `folder`.
///
/// A transaction holds `per_transaction` batches; the writer's are of a row group under load and smaller otherwise.
///
/// # Errors
/// The database's own.
pub fn steps(folder: &Path, batches: Vec<Batch>, per_transaction: usize) -> Result<Steps, StoreError> {
    let path = folder.join("bare.duckdb");
    let db = crate::engine::attached(&path, Config::default())?;
    crate::handed::register(&db)?;
    db.execute_batch("SET checkpoint_threshold = '1TB'")?;
    schema::prepare(&db, folder, Timestamp::from_nanos(0))?;
    let mut steps = Steps::default();
    let mut batches = batches.into_iter();
    if let Some(first) = batches.next() {
        let started = Instant::now();
        let columns = span_columns(&[Incoming { sequence: 1, batch: &first }]);
        steps.columns = started.elapsed();
        let started = Instant::now();
        crate::handed::insert(&db, repeats::SPANS.table, columns)?;
        steps.bare_insert = started.elapsed();
        db.execute_batch("CHECKPOINT")?;
    }
    let records: Vec<Journaled> = (2..)
        .zip(batches)
        .map(|(sequence, batch)| Journaled { sequence, batch, weight: 0, acknowledged_at: Timestamp::from_nanos(0) })
        .collect();
    let mut known = Known::read(&db)?;
    let started = Instant::now();
    let mut records = records.into_iter().peekable();
    while records.peek().is_some() {
        let mut transaction = Transaction::begin(&db, &mut known, usize::MAX)?;
        for record in records.by_ref().take(per_transaction.max(1)) {
            transaction.write(Part::of(vec![record]))?;
        }
        transaction.commit()?;
    }
    steps.transaction = started.elapsed();
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |meta| meta.len());
    steps.wal_bytes = size(&path.with_extension("duckdb.wal"));
    let started = Instant::now();
    db.execute_batch("CHECKPOINT")?;
    steps.checkpoint = started.elapsed();
    steps.file_bytes = size(&path);
    Ok(steps)
}

/// Fills a new store in `folder` with so many made invocations in the week before `now`, always the same, and the span of each.
///
/// # Errors
/// The database's own.
pub fn made_invocations(folder: &Path, invocations: u64, now: Timestamp) -> Result<(), StoreError> {
    let db = crate::engine::attached(&crate::engine::database_path(folder), Config::default())?;
    db.execute_batch("SET checkpoint_threshold = '1TB'")?;
    schema::prepare(&db, folder, now)?;
    // Numbers of our own: no text of a user's.
    db.execute_batch(&format!("SET VARIABLE invocations = {invocations}; SET VARIABLE now = {}", now.nanos()))?;
    db.execute_batch(include_str!("queries/made_invocations.sql"))?;
    db.execute_batch(include_str!("queries/made_spans.sql"))?;
    db.execute_batch("CHECKPOINT")?;
    Ok(())
}
