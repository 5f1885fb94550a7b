//! One transaction of the writer: parts of the journal become rows, and the position moves with them.

use std::collections::HashSet;
use std::path::Path;

use arrow::record_batch::RecordBatch;
use coldlight_model::{Batch, Resource, ResourceId, Timestamp};
use duckdb::Connection;
use duckdb::vtab::arrow::ArrowBatchRegistration;

use crate::error::StoreError;
use crate::journal::Journaled;
use crate::repeats::{self, Kind, When};
use crate::rows::{self, Incoming};

/// What a transaction did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Written {
    pub spans: u64,
    pub rows: u64,
    pub duplicates: u64,
    /// The journal record up to which everything is in the tables.
    pub last: u64,
}

/// Span rows that no longer fitted into a transaction: known to be new, to be written first in the next one.
pub(crate) struct Rest {
    columns: RecordBatch,
    /// The last record of their part.
    last: u64,
}

/// An open transaction. Dropped without [`Transaction::commit`], nothing of it happened.
pub(crate) struct Transaction<'a> {
    db: &'a Connection,
    known: &'a mut HashSet<ResourceId>,
    fresh: HashSet<ResourceId>,
    written: Written,
    /// How many more spans it takes.
    room: usize,
    rest: Option<Rest>,
    open: bool,
}

impl<'a> Transaction<'a> {
    /// `known` are the resources kept already; a commit adds its own. Takes exactly `room` spans if that many come.
    pub fn begin(db: &'a Connection, known: &'a mut HashSet<ResourceId>, room: usize) -> Result<Self, StoreError> {
        #[cfg(test)]
        fault::strike()?;
        db.execute_batch("BEGIN")?;
        Ok(Self { db, known, fresh: HashSet::new(), written: Written::default(), room, rest: None, open: true })
    }

    pub fn written(&self) -> &Written {
        &self.written
    }

    /// Whether it takes no more.
    pub fn is_full(&self) -> bool {
        self.room == 0
    }

    /// Inserts what is left from the transaction before.
    pub fn resume(&mut self, rest: Rest) -> Result<(), StoreError> {
        self.spans(rest.columns, rest.last)
    }

    /// Inserts what `part` brings that is not kept yet. Rows of earlier parts count as kept.
    pub fn write(&mut self, part: &[Journaled]) -> Result<(), StoreError> {
        let incoming: Vec<Incoming<'_>> =
            part.iter().map(|record| Incoming { sequence: record.sequence, batch: &record.batch }).collect();
        self.resources(&incoming)?;
        let logged = times(&incoming, repeats::logged_at);
        if !logged.is_empty() {
            if let Some(platform) = rows::platform_columns(&incoming) {
                insert(self.db, include_str!("queries/insert_platform.sql"), platform)?;
            }
            let firsts = repeats::said_first(&incoming, |batch| batch.logs.len());
            self.written.rows += self.insert(&repeats::LOGS, rows::log_columns(&incoming), &logged, firsts)?;
        }
        let measured = times(&incoming, |batch| batch.metrics.iter().map(|point| point.at));
        if !measured.is_empty() {
            let firsts = repeats::said_first(&incoming, |batch| batch.metrics.len());
            self.written.rows += self.insert(&repeats::METRICS, rows::metric_columns(&incoming), &measured, firsts)?;
        }
        let last = part.last().map_or(self.written.last, |record| record.sequence);
        let firsts = repeats::firsts(&incoming);
        if firsts.is_empty() {
            self.written.last = last;
            return Ok(());
        }
        let times = times(&incoming, |batch| batch.spans.iter().map(|span| span.started_at));
        let offered = firsts.len();
        let new = repeats::without(self.db, &repeats::SPANS, rows::span_columns(&incoming), &times, firsts)?;
        self.written.duplicates += (offered - new.num_rows()) as u64;
        self.spans(new, last)
    }

    /// Inserts as many of `new` as there is room for. The position then stands before the first record that is not whole:
    /// after a crash its spans that are here already are repeats.
    fn spans(&mut self, new: RecordBatch, last: u64) -> Result<(), StoreError> {
        let taken = new.num_rows().min(self.room);
        if taken > 0 {
            self.written.spans += insert(self.db, repeats::SPANS.insert, new.slice(0, taken))?;
            self.written.rows += taken as u64;
            self.room -= taken;
        }
        self.written.last = last;
        if taken < new.num_rows() {
            let columns = new.slice(taken, new.num_rows() - taken);
            self.written.last = rows::first_sequence(&columns).saturating_sub(1);
            self.rest = Some(Rest { columns, last });
        }
        Ok(())
    }

    /// Passes over a record that no table can take.
    pub fn skip(&mut self, record: &Journaled) {
        self.written.last = record.sequence;
    }

    /// The position moves with the rows. What did not fit comes back.
    pub fn commit(mut self) -> Result<(Written, Option<Rest>), StoreError> {
        self.db.execute("UPDATE state SET written_sequence = ?", [self.written.last])?;
        self.db.execute_batch("COMMIT")?;
        self.open = false;
        self.known.extend(self.fresh.drain());
        Ok((self.written, self.rest.take()))
    }

    fn resources(&mut self, incoming: &[Incoming<'_>]) -> Result<(), StoreError> {
        let (known, fresh) = (&*self.known, &mut self.fresh);
        let resources: Vec<(ResourceId, &Resource, Timestamp)> = incoming
            .iter()
            .flat_map(|of| of.batch.resources.iter().map(|resource| (resource.id(), resource, of.batch.received_at)))
            .filter(|(id, ..)| !known.contains(id) && fresh.insert(*id))
            .collect();
        if !resources.is_empty() {
            let columns = rows::resource_columns(resources.into_iter());
            insert(self.db, include_str!("queries/insert_resources.sql"), columns)?;
        }
        Ok(())
    }

    fn insert(&self, kind: &Kind, columns: RecordBatch, times: &[When], wanted: Vec<bool>) -> Result<u64, StoreError> {
        let new = repeats::without(self.db, kind, columns, times, wanted)?;
        if new.num_rows() == 0 { Ok(0) } else { insert(self.db, kind.insert, new) }
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if self.open {
            // After a fatal error there is nothing left to roll back; the first error is the one to tell.
            let _ = self.db.execute_batch("ROLLBACK");
        }
    }
}

fn times<'a, I: Iterator<Item = Timestamp>>(incoming: &[Incoming<'a>], of_batch: impl Fn(&'a Batch) -> I) -> Vec<When> {
    incoming.iter().flat_map(|of| of_batch(of.batch).map(|at| When::new(at, of.batch.received_at))).collect()
}

fn insert(db: &Connection, sql: &str, columns: RecordBatch) -> Result<u64, StoreError> {
    let registration = ArrowBatchRegistration::new(columns);
    Ok(db.prepare(sql)?.execute(duckdb::params![&registration])? as u64)
}

/// Keeps a record that no table can take as a file of its own, for a person to look at.
pub(crate) fn keep_aside(data: &Path, record: &Journaled) -> Result<(), StoreError> {
    let folder = data.join("quarantine");
    let path = folder.join(format!("record-{}", record.sequence));
    let mut bytes = Vec::new();
    crate::journal::encode(&record.batch, &mut bytes);
    tracing::error!(file = %path.display(), "a record cannot be written; it is put aside");
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&path, bytes))
        .map_err(|source| StoreError::File { path, source })
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

    /// How many of the next transactions meet a fatal error.
    pub(crate) static FATAL: AtomicU32 = AtomicU32::new(0);

    pub(super) fn strike() -> Result<(), duckdb::Error> {
        if FATAL.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_err() {
            return Ok(());
        }
        let text = "FATAL Error: as a test asked".to_owned();
        Err(duckdb::Error::DuckDBFailure(duckdb::ffi::Error::new(duckdb::ffi::DuckDBError), Some(text)))
    }
}
