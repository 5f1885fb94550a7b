//! The steps of a commit one by one, for `cargo bench`: what the bare engine takes, and what we add to it.

use std::path::Path;
use std::time::{Duration, Instant};

use coldlight_model::Batch;
use duckdb::Connection;
use duckdb::vtab::arrow::ArrowBatchRegistration;

use crate::error::StoreError;
use crate::rows::{Incoming, span_columns};
use crate::schema;

/// How long each step took for one block.
#[derive(Clone, Copy, Debug, Default)]
pub struct Steps {
    /// Facts, JSON and Arrow columns.
    pub columns: Duration,
    /// Bulk insert of the prepared columns into the same table, attributes cast to VARIANT, without looking for repeats.
    pub bare_insert: Duration,
    pub checkpoint: Duration,
    pub file_bytes: u64,
}

/// Takes `batch` through the steps in a new database in `folder`.
///
/// # Errors
/// The database's own.
pub fn steps(folder: &Path, batch: &Batch) -> Result<Steps, StoreError> {
    let path = folder.join("bare.duckdb");
    let db = Connection::open(&path)?;
    db.register_table_function::<duckdb::vtab::arrow::ArrowVTab>("arrow")?;
    db.execute_batch("SET checkpoint_threshold = '1TB'")?;
    schema::prepare(&db, folder, batch.received_at)?;
    let started = Instant::now();
    let columns = span_columns(&[Incoming { sequence: 1, batch }]);
    let built = Instant::now();
    let registration = ArrowBatchRegistration::new(columns);
    db.prepare(
        "INSERT INTO span_rows BY NAME SELECT * REPLACE (attributes::JSON::VARIANT AS attributes) FROM arrow(?)",
    )?
    .execute(duckdb::params![&registration])?;
    let inserted = Instant::now();
    db.execute_batch("CHECKPOINT")?;
    let checkpointed = Instant::now();
    let file_bytes = std::fs::metadata(&path).map_or(0, |meta| meta.len());
    Ok(Steps {
        columns: built - started,
        bare_insert: inserted - built,
        checkpoint: checkpointed - inserted,
        file_bytes,
    })
}
