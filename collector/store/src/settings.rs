//! What the store can be told. Every limit has a default that suits one small machine.

use std::path::PathBuf;
use std::time::Duration;

use crate::engine::ROW_GROUP;
use crate::sql::ApartSettings;

/// Settings of a [`crate::Store`].
#[derive(Clone, Debug)]
pub struct Settings {
    /// The one directory that holds everything.
    pub data: PathBuf,
    /// The journal refuses beyond this many bytes: the store is too far behind.
    pub journal_limit_bytes: u64,
    /// A journal segment is closed at this size.
    pub segment_bytes: u64,
    /// Acknowledged batches kept in memory until they are written; beyond, they are read back from the journal.
    pub journal_memory_bytes: usize,
    /// Free space below which nothing is accepted; `None` = the larger of 1 GiB and 5 % of the disk.
    pub disk_reserve_bytes: Option<u64>,
    /// What waits is committed at least this often.
    pub commit_every: Duration,
    /// Transactions end exactly where as many spans as this make a row group: a transaction of a whole one is written
    /// straight to the file, and row groups that are not full are merged again by checkpoints, at the cost of all their rows.
    pub row_group_rows: usize,
    /// Row groups of as many spans as this together have filters in common, that tell what is in them.
    pub block_rows: usize,
    /// Rows go into a transaction in parts of about this many: that bounds the memory of what is between journal and table.
    pub part_rows: usize,
    /// A checkpoint is due after this many rows, or after `checkpoint_every` if there are any.
    pub checkpoint_rows: u64,
    pub checkpoint_every: Duration,
    /// While nothing comes, a write-ahead log of so many bytes becomes part of the file: what rolls wrote would lengthen the end and the next
    /// start. A checkpoint of 200 MB of it took 11 s.
    pub idle_wal_bytes: u64,
    /// After this many rows the database is opened anew in a quiet moment, and after twice as many in any in which nobody asks: of each row
    /// group written it keeps some 230 KB in memory until then.
    pub renew_rows: u64,
    /// Rows older than this are removed.
    pub retain: Duration,
    /// When the database is larger than this, its oldest days are removed; `None` = 80 % of the disk.
    pub retain_bytes: Option<u64>,
    /// DuckDB's `memory_limit`.
    pub memory_limit_bytes: u64,
    /// DuckDB's `threads`; of two it has one while the writer is behind.
    pub threads: usize,
    /// Questions answered at a time.
    pub readers: usize,
    /// Longest time a question may take.
    pub query_timeout: Duration,
    /// Whether and how free SQL is asked in processes of its own; `None`: in this one.
    pub sql_apart: Option<ApartSettings>,
}

impl Settings {
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            journal_limit_bytes: 1 << 30,
            segment_bytes: 64 << 20,
            journal_memory_bytes: 64 << 20,
            disk_reserve_bytes: None,
            commit_every: Duration::from_millis(250),
            row_group_rows: ROW_GROUP,
            block_rows: 2 * ROW_GROUP,
            part_rows: 8_192,
            checkpoint_rows: ROW_GROUP as u64,
            checkpoint_every: Duration::from_secs(300),
            idle_wal_bytes: 16 << 20,
            renew_rows: 4 << 20,
            retain: Duration::from_secs(7 * 24 * 3600),
            retain_bytes: None,
            memory_limit_bytes: 1 << 30,
            threads: std::thread::available_parallelism().map_or(2, usize::from),
            readers: 4,
            query_timeout: Duration::from_secs(30),
            sql_apart: None,
        }
    }
}
