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
use crate::recent::Recent;
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
    /// When the oldest record of their part was.
    pub acknowledged_at: Timestamp,
    /// The first record that is not whole, and the last of their part.
    pub first: u64,
    pub last: u64,
}

/// What is known of the tables without asking, of an instance that was just opened.
pub(crate) struct Known {
    /// Those kept; a commit adds its own.
    resources: HashSet<ResourceId>,
    spans: Recent,
}

impl Known {
    pub fn read(db: &Connection) -> Result<Self, StoreError> {
        let mut statement = db.prepare("SELECT resource_id FROM resource_rows")?;
        let ids = statement.query_map([], |row| row.get(0).map(ResourceId))?;
        let resources = ids.collect::<Result<_, _>>()?;
        let last = "SELECT epoch_ns(max(started_at)) FROM span_rows";
        let last: Option<i64> = db.query_row(last, [], |row| row.get(0))?;
        Ok(Self { resources, spans: Recent::new(last.map_or(Timestamp::EPOCH, Timestamp::from_sql)) })
    }
}

/// An open transaction. Dropped without [`Transaction::commit`], nothing of it happened.
pub(crate) struct Transaction<'a> {
    db: &'a Connection,
    known: &'a mut Known,
    fresh: HashSet<ResourceId>,
    written: Written,
    /// How many more spans it takes.
    room: usize,
    rest: Option<Rest>,
    open: bool,
}

impl<'a> Transaction<'a> {
    /// Takes exactly `room` spans if that many come.
    pub fn begin(db: &'a Connection, known: &'a mut Known, room: usize) -> Result<Self, StoreError> {
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
        self.spans(rest.columns, rest.last, rest.acknowledged_at)
    }

    /// Inserts what `part` brings that is not kept yet. Rows of earlier parts count as kept.
    pub fn write(&mut self, part: Part) -> Result<(), StoreError> {
        self.resources(part.resources)?;
        if let Some(platform) = part.platform {
            insert(self.db, "platform_rows", platform)?;
        }
        for (kind, rows) in [(&repeats::LOGS, part.logs), (&repeats::METRICS, part.metrics)] {
            let Some(rows) = rows else { continue };
            let new = repeats::without(self.db, kind, rows, &mut self.known.spans)?;
            if new.num_rows() > 0 {
                self.written.rows += insert(self.db, kind.table, new)?;
            }
        }
        let Some(spans) = part.spans else {
            self.written.last = part.last;
            return Ok(());
        };
        let offered = spans.columns.num_rows();
        let new = repeats::without(self.db, &repeats::SPANS, spans, &mut self.known.spans)?;
        self.written.duplicates += (offered - new.num_rows()) as u64;
        self.spans(new, part.last, part.acknowledged_at)
    }

    /// Inserts as many of `new` as there is room for. The position then stands before the first record that is not whole:
    /// after a crash its spans that are here already are repeats.
    fn spans(&mut self, new: RecordBatch, last: u64, acknowledged_at: Timestamp) -> Result<(), StoreError> {
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
            self.rest = Some(Rest { columns, acknowledged_at, first, last });
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
        // Not an UPDATE: what one replaces is kept while a question runs that is older than the transaction, and no checkpoint is
        // possible meanwhile. While somebody always asks none ever was.
        self.db.execute("INSERT INTO state SELECT ?, views FROM state", [self.written.last])?;
        self.db.execute("DELETE FROM state WHERE rowid < (SELECT max(rowid) FROM state)", [])?;
        self.db.execute_batch("COMMIT")?;
        self.open = false;
        self.known.resources.extend(self.fresh.drain());
        Ok((self.written, self.rest.take()))
    }

    fn resources(&mut self, said: Vec<(ResourceId, Resource, Timestamp)>) -> Result<(), StoreError> {
        let (known, fresh) = (&self.known.resources, &mut self.fresh);
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
        let path = "SELECT path FROM duckdb_databases() WHERE database_name = current_database()";
        let path: Option<String> = db.query_row(path, [], |row| row.get(0))?;
        let path = path.map(PathBuf::from);
        let Some(at) = ordered.iter().position(|ordered| Some(ordered) == path.as_ref()) else { return Ok(()) };
        ordered.swap_remove(at);
        let text = "FATAL Error: as a test asked".to_owned();
        Err(duckdb::Error::DuckDBFailure(duckdb::ffi::Error::new(duckdb::ffi::DuckDBError), Some(text)))
    }
}

#[cfg(test)]
mod tests {
    use coldlight_model::{Batch, Kind, Oddities, Scope, Span, SpanId, StatusCode, TraceId};

    use super::*;

    fn span(n: u8) -> Span {
        let at = Timestamp::from_nanos(1_795_442_602_418_000_000);
        Span {
            trace_id: TraceId::new([n; 16]).unwrap(),
            span_id: SpanId::new([n; 8]).unwrap(),
            parent_span_id: None,
            trace_state: String::new(),
            flags: 0,
            name: "work".to_owned(),
            kind: Kind::SERVER,
            started_at: at,
            ended_at: at,
            attributes: Default::default(),
            dropped_attributes_count: 0,
            events: Vec::new(),
            dropped_events_count: 0,
            links: Vec::new(),
            dropped_links_count: 0,
            status_code: StatusCode::UNSET,
            status_message: String::new(),
            resource: 0,
            scope: 0,
            oddities: Oddities::default(),
        }
    }

    fn database() -> Connection {
        let db = Connection::open_in_memory().unwrap();
        crate::handed::register(&db).unwrap();
        crate::schema::prepare(&db, Path::new("memory"), Timestamp::EPOCH).unwrap();
        db
    }

    /// A record of spans with these numbers.
    fn record(sequence: u64, spans: impl Iterator<Item = u8>) -> Journaled {
        let batch = Batch {
            received_at: Timestamp::from_nanos(1_795_442_602_500_000_000),
            resources: vec![Resource::default()],
            scopes: vec![Scope::default()],
            spans: spans.map(span).collect(),
            ..Batch::default()
        };
        Journaled { sequence, batch, weight: 0, acknowledged_at: Timestamp::from_nanos(1_795_442_602_600_000_000) }
    }

    #[test]
    fn repeats_are_known_to_who_wrote_them_and_to_who_was_started_since() {
        let db = database();
        let mut known = Known::read(&db).unwrap();
        let write = |known: &mut Known, record| {
            let mut transaction = Transaction::begin(&db, known, usize::MAX).unwrap();
            transaction.write(Part::of(vec![record])).unwrap();
            let (written, _) = transaction.commit().unwrap();
            (written.spans, written.duplicates)
        };
        assert_eq!(write(&mut known, record(1, 1..=5)), (5, 0));
        assert_eq!(write(&mut known, record(2, (3..=8).chain(7..=8))), (3, 5));
        let mut since = Known::read(&db).unwrap();
        assert_eq!(write(&mut since, record(3, 1..=9)), (1, 8));
        assert_eq!(write(&mut since, record(4, 9..=9)), (0, 1));
    }

    #[test]
    fn what_was_rolled_back_is_no_repeat() {
        let db = database();
        let mut known = Known::read(&db).unwrap();
        let mut transaction = Transaction::begin(&db, &mut known, usize::MAX).unwrap();
        transaction.write(Part::of(vec![record(1, 1..=5)])).unwrap();
        drop(transaction);
        let mut transaction = Transaction::begin(&db, &mut known, usize::MAX).unwrap();
        transaction.write(Part::of(vec![record(1, 1..=5)])).unwrap();
        assert_eq!(transaction.commit().unwrap().0.spans, 5);
    }

    #[test]
    fn a_question_that_goes_on_is_in_no_checkpoints_way() {
        let folder = tempfile::tempdir().unwrap();
        let db = Connection::open(folder.path().join("coldlight.duckdb")).unwrap();
        crate::handed::register(&db).unwrap();
        crate::schema::prepare(&db, folder.path(), Timestamp::EPOCH).unwrap();
        let spans =
            |db: &Connection| -> u64 { db.query_row("SELECT count(*) FROM span_rows", [], |row| row.get(0)).unwrap() };
        let question = db.try_clone().unwrap();
        question.execute_batch("BEGIN").unwrap();
        assert_eq!(spans(&question), 0);
        let mut known = Known::read(&db).unwrap();
        for n in 1..=3 {
            let mut transaction = Transaction::begin(&db, &mut known, usize::MAX).unwrap();
            transaction.write(Part::of(vec![record(n.into(), n..=n)])).unwrap();
            transaction.commit().unwrap();
            db.execute_batch("CHECKPOINT").unwrap();
        }
        assert_eq!((spans(&question), spans(&db), written_sequence(&db).unwrap()), (0, 3, 3));
        question.execute_batch("COMMIT").unwrap();
        assert_eq!(spans(&question), 3);
        assert_eq!(db.query_row("SELECT count(*) FROM state", [], |row| row.get::<_, u64>(0)).unwrap(), 1);
    }

    #[test]
    fn what_did_not_fit_says_since_when_it_waits() {
        let db = database();
        let record = record(7, 1..=5);
        let acknowledged_at = record.acknowledged_at;
        let mut known = Known::read(&db).unwrap();
        let mut transaction = Transaction::begin(&db, &mut known, 3).unwrap();
        transaction.write(Part::of(vec![record])).unwrap();
        let (written, rest) = transaction.commit().unwrap();
        let rest = rest.unwrap();
        assert_eq!((written.spans, written.last, rest.columns.num_rows()), (3, 6, 2));
        assert_eq!((rest.acknowledged_at, rest.first, rest.last), (acknowledged_at, 7, 7));
        // And so it does when it does not fit again.
        let mut transaction = Transaction::begin(&db, &mut known, 1).unwrap();
        transaction.resume(rest).unwrap();
        let (_, rest) = transaction.commit().unwrap();
        assert_eq!(rest.unwrap().acknowledged_at, acknowledged_at);
    }
}
