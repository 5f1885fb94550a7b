//! One transaction of the writer: parts of the journal become rows, and the position moves with them.

use std::collections::HashSet;
use std::path::Path;

use arrow::record_batch::RecordBatch;
use coldlight_model::{Resource, ResourceId, Timestamp};
use duckdb::Connection;

use crate::error::StoreError;
use crate::handed::insert;
use crate::journal::Journaled;
use crate::part::Part;
use crate::repeats;
use crate::rows;
use crate::span_blocks::Block;

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
    pub columns: RecordBatch,
    /// The first record that is not whole, and the last of their part.
    pub first: u64,
    pub last: u64,
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
        fault::strike(db)?;
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
    pub fn write(&mut self, part: Part) -> Result<(), StoreError> {
        self.resources(part.resources)?;
        if let Some(platform) = part.platform {
            insert(self.db, "platform_rows", platform)?;
        }
        for (kind, rows) in [(&repeats::LOGS, part.logs), (&repeats::METRICS, part.metrics)] {
            let Some(rows) = rows else { continue };
            let new = repeats::without(self.db, kind, rows)?;
            if new.num_rows() > 0 {
                self.written.rows += insert(self.db, kind.table, new)?;
            }
        }
        let Some(spans) = part.spans else {
            self.written.last = part.last;
            return Ok(());
        };
        let offered = spans.columns.num_rows();
        let new = repeats::without(self.db, &repeats::SPANS, spans)?;
        self.written.duplicates += (offered - new.num_rows()) as u64;
        self.spans(new, part.last)
    }

    /// Inserts as many of `new` as there is room for. The position then stands before the first record that is not whole:
    /// after a crash its spans that are here already are repeats.
    fn spans(&mut self, new: RecordBatch, last: u64) -> Result<(), StoreError> {
        let taken = new.num_rows().min(self.room);
        if taken > 0 {
            self.written.spans += insert(self.db, repeats::SPANS.table, new.slice(0, taken))?;
            self.written.rows += taken as u64;
            self.room -= taken;
        }
        self.written.last = last;
        if taken < new.num_rows() {
            let columns = new.slice(taken, new.num_rows() - taken);
            let first = rows::first_sequence(&columns);
            self.written.last = first.saturating_sub(1);
            self.rest = Some(Rest { columns, first, last });
        }
        Ok(())
    }

    /// Keeps what the filters of a block say, up to the last record that has rows here.
    pub fn keep(&self, block: &Block) -> Result<(), StoreError> {
        block.keep(self.db, self.rest.as_ref().map_or(self.written.last, |rest| rest.first))
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

    fn resources(&mut self, said: Vec<(ResourceId, Resource, Timestamp)>) -> Result<(), StoreError> {
        let (known, fresh) = (&*self.known, &mut self.fresh);
        let new: Vec<_> = said.iter().filter(|(id, ..)| !known.contains(id) && fresh.insert(*id)).collect();
        if !new.is_empty() {
            let columns = rows::resource_columns(new.into_iter().map(|(id, resource, at)| (*id, resource, *at)));
            insert(self.db, "resource_rows", columns)?;
        }
        Ok(())
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
    use std::path::{Path, PathBuf};
    use std::sync::{Mutex, PoisonError};

    use duckdb::Connection;

    static FATAL: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

    /// The next transaction on the store in `data` meets a fatal error; tests beside it do not.
    pub(crate) fn order(data: &Path) {
        FATAL.lock().unwrap_or_else(PoisonError::into_inner).push(crate::engine::database_path(data));
    }

    pub(super) fn strike(db: &Connection) -> Result<(), duckdb::Error> {
        let mut ordered = FATAL.lock().unwrap_or_else(PoisonError::into_inner);
        let path = db.path().map(Path::to_path_buf);
        let Some(at) = ordered.iter().position(|ordered| Some(ordered) == path.as_ref()) else { return Ok(()) };
        ordered.swap_remove(at);
        let text = "FATAL Error: as a test asked".to_owned();
        Err(duckdb::Error::DuckDBFailure(duckdb::ffi::Error::new(duckdb::ffi::DuckDBError), Some(text)))
    }
}
