//! When to checkpoint and what to let go: both decided here, both done by the writer between commits.

use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use coldlight_model::Timestamp;
use duckdb::Connection;

use crate::engine::database_path;
use crate::error::StoreError;
use crate::progress::Progress;
use crate::settings::Settings;

/// A checkpoint is due after so many rows, or after so long with any.
pub(crate) struct Checkpoint {
    rows: u64,
    due_rows: u64,
    every: Duration,
    next: Timestamp,
    /// One that could not be is not tried again sooner, whatever calls for it; before the first there is no such time.
    not_before: Option<Timestamp>,
    /// How often it was postponed since one was done.
    postponed: u32,
}

impl Checkpoint {
    pub fn new(settings: &Settings, now: Timestamp) -> Self {
        Self {
            rows: 0,
            due_rows: settings.checkpoint_rows,
            every: settings.checkpoint_every,
            next: now.plus(settings.checkpoint_every.as_nanos() as u64),
            not_before: None,
            postponed: 0,
        }
    }

    /// Rows of a transaction. If they are `whole` row groups they lie in the file already: what is left to do is to say so, and takes
    /// 40 to 55 ms however many there are, where writing a row group takes 550.
    pub fn wrote(&mut self, rows: u64, whole: bool) {
        const AT_ONCE: u64 = 4;
        self.rows += if whole { rows / AT_ONCE } else { rows };
    }

    pub fn is_due(&self, now: Timestamp) -> bool {
        self.not_before.is_none_or(|at| now >= at)
            && (self.rows >= self.due_rows || (self.rows > 0 && now >= self.next))
    }

    pub fn done(&mut self, now: Timestamp) {
        self.rows = 0;
        (self.not_before, self.postponed) = (None, 0);
        self.next = now.plus(self.every.as_nanos() as u64);
    }

    /// Whether anything was written since the last.
    pub fn has_rows(&self) -> bool {
        self.rows > 0
    }

    /// Due now, whatever the rows.
    pub fn hurry(&mut self) {
        self.rows = self.rows.max(self.due_rows);
    }

    /// Half a second later, whatever the rows. Tells once when it has been so for a minute: for a moment some question always stands in the way.
    pub fn postpone(&mut self, now: Timestamp) -> bool {
        self.rows = self.rows.max(1);
        self.next = now.plus(500_000_000);
        self.not_before = Some(self.next);
        self.postponed = self.postponed.saturating_add(1);
        self.postponed == 120
    }
}

/// What the disk allows just now. Ours is not the only hand that fills it, and DuckDB takes a full disk badly: a checkpoint
/// that meets one leaves the instance unusable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    free: u64,
    wal: u64,
}

impl Allowance {
    /// A transaction's rows lie in the write-ahead log until a checkpoint, unless they fill a row group.
    pub const MOST_WAL: u64 = 256 << 20;
    /// A disk with less than this is left alone.
    const LEAST: u64 = 4 << 20;

    pub fn of(data: &Path) -> Self {
        let free = rustix::fs::statvfs(data).map_or(u64::MAX, |disk| disk.f_bavail * disk.f_frsize);
        Self { free, wal: file_sizes(data).1 }
    }

    /// Bytes of rows, as they lie in memory, that one transaction may write; `None` = nothing until there is space.
    pub fn transaction(self) -> Option<usize> {
        const MOST: u64 = 512 << 20;
        (self.free >= Self::LEAST).then(|| usize::try_from((self.free / 4).min(MOST)).unwrap_or(usize::MAX))
    }

    /// Whether the write-ahead log is so long that it should become part of the file: has `most` bytes, or half of what is free.
    pub fn calls_for_checkpoint(self, most: u64) -> bool {
        self.wal >= most.min((self.free / 2).max(Self::LEAST / 2))
    }

    /// Whether a checkpoint will find room: what lies in the log takes a tenth of its bytes in the file.
    pub fn has_room_for_checkpoint(self) -> bool {
        self.free >= Self::LEAST.max(self.wal / 2)
    }
}

/// How often retention looks.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// How soon after a removal by size.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What a look did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removed {
    /// What was too old, perhaps nothing.
    ByAge,
    /// The oldest hour too. Its room is free only after a checkpoint: without one the next look would see no change and
    /// remove another.
    BySize,
}

/// When size, not age, calls for it, this much time is removed at a time, from the oldest end.
const STEP: Duration = Duration::from_secs(3600);

/// Removes what is too old, or the oldest when there is too much.
pub(crate) struct Retention {
    next: Instant,
    limit_bytes: u64,
}

impl Retention {
    pub fn new(settings: &Settings) -> Self {
        let limit_bytes = settings.retain_bytes.unwrap_or_else(|| disk_share(&settings.data));
        Self { next: Instant::now(), limit_bytes }
    }

    pub fn if_due(
        &mut self,
        db: &Connection,
        settings: &Settings,
        now: Timestamp,
        progress: &Progress,
    ) -> Result<Removed, StoreError> {
        if Instant::now() < self.next {
            return Ok(Removed::ByAge);
        }
        self.next = Instant::now() + LOOK_EVERY;
        let removed = remove_before(db, now.minus(settings.retain.as_nanos() as u64))?;
        progress.dropped_by_retention.fetch_add(removed, Relaxed);
        let used = used_bytes(db)?;
        if used > self.limit_bytes
            && let Some(oldest) = oldest(db)?
        {
            let removed = remove_before(db, oldest.plus(STEP.as_nanos() as u64))?;
            tracing::warn!(
                used,
                limit = self.limit_bytes,
                removed,
                "the database is at its size limit: its oldest hour was removed"
            );
            progress.dropped_by_retention.fetch_add(removed, Relaxed);
            self.next = Instant::now() + LOOK_AGAIN;
            return Ok(Removed::BySize);
        }
        Ok(Removed::ByAge)
    }
}

/// Bytes of the file's blocks that hold something.
pub(crate) fn used_bytes(db: &Connection) -> Result<u64, StoreError> {
    let used: i64 =
        db.query_row("SELECT coalesce(sum(block_size * used_blocks), 0)::BIGINT FROM pragma_database_size() WHERE database_name = current_database()", [], |row| row.get(0))?;
    Ok(used.unsigned_abs())
}

fn oldest(db: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let nanos: Option<i64> = db.query_row(include_str!("queries/oldest.sql"), [], |row| row.get(0))?;
    Ok(nanos.map(Timestamp::from_sql))
}

/// Removes rows filed before `limit`. A row is filed under its own time when that is within a day of its receipt, else
/// under the time it was received: a wrong clock must neither keep a span forever nor lose it at once.
pub(crate) fn remove_before(db: &Connection, limit: Timestamp) -> Result<u64, StoreError> {
    let limit = limit.nanos();
    let mut removed = 0;
    db.execute_batch("BEGIN")?;
    for sql in [
        include_str!("queries/expire_spans.sql"),
        include_str!("queries/expire_logs.sql"),
        include_str!("queries/expire_metrics.sql"),
        include_str!("queries/expire_platform.sql"),
        "DELETE FROM span_blocks WHERE last_sequence < (SELECT min(sequence) FROM span_rows) AND $1 IS NOT NULL",
        "DELETE FROM invocation_rows WHERE started_at < make_timestamp_ns($1)",
        "DELETE FROM service_minutes WHERE minute < make_timestamp_ns($1)",
        "DELETE FROM edge_minutes WHERE minute < make_timestamp_ns($1)",
        // The hour of the limit has lost minutes, so that it is summed anew.
        "DELETE FROM service_hours WHERE minute < make_timestamp_ns($1)",
        "DELETE FROM edge_hours WHERE minute < make_timestamp_ns($1)",
        "DELETE FROM counted_hours WHERE hour <= $1 // 3600000000000",
        "DELETE FROM counted_minutes WHERE minute < $1 // 60000000000",
        // What they were counted from is no longer all there.
        "UPDATE counted_minutes SET basis = 0 WHERE minute <= $1 // 60000000000 + 60 AND basis <> 0",
        "DELETE FROM cost_minutes WHERE minute < make_timestamp_ns($1)",
        "DELETE FROM cost_dirty WHERE minute < make_timestamp_ns($1)",
        "DELETE FROM resource_signs WHERE last_ns < $1",
        "UPDATE resource_signs SET first_ns = $1 WHERE first_ns < $1",
    ] {
        match db.execute(sql, [limit]) {
            Ok(rows) => removed += rows as u64,
            Err(error) => {
                let _ = db.execute_batch("ROLLBACK");
                return Err(error.into());
            }
        }
    }
    db.execute_batch("COMMIT")?;
    Ok(removed)
}

/// Four fifths of the disk that holds `data`.
pub(crate) fn disk_share(data: &Path) -> u64 {
    match rustix::fs::statvfs(data) {
        Ok(disk) => (disk.f_blocks * disk.f_frsize) / 5 * 4,
        Err(_) => u64::MAX,
    }
}

/// Sizes of the database file and of its write-ahead log.
pub(crate) fn file_sizes(data: &Path) -> (u64, u64) {
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |meta| meta.len());
    let database = database_path(data);
    (size(&database), size(&database.with_extension("duckdb.wal")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_groups_that_were_written_whole_are_checkpointed_four_at_a_time() {
        let now = Timestamp::from_nanos(1_795_442_602_418_000_000);
        let settings = Settings::new("");
        let group = settings.row_group_rows as u64;
        let mut checkpoint = Checkpoint::new(&settings, now);
        let mut written = 0;
        while !checkpoint.is_due(now) {
            checkpoint.wrote(group, true);
            written += 1;
        }
        assert_eq!(written, 4);
        checkpoint.done(now);
        checkpoint.wrote(group, true);
        checkpoint.wrote(group - 1, false);
        assert!(checkpoint.is_due(now), "rows that are not whole row groups do not wait for others");
    }

    #[test]
    fn a_small_disk_is_filled_in_small_steps_and_left_alone_in_the_end() {
        let with = |free: u64, wal: u64| Allowance { free: free << 20, wal: wal << 20 };
        assert_eq!(with(100_000, 0).transaction(), Some(512 << 20));
        assert_eq!(with(48, 0).transaction(), Some(12 << 20));
        assert_eq!(with(3, 0).transaction(), None);
        let calls = |allowance: Allowance| allowance.calls_for_checkpoint(Allowance::MOST_WAL);
        assert!(!calls(with(100_000, 255)) && calls(with(100_000, 256)));
        assert!(calls(with(48, 24)) && with(48, 24).has_room_for_checkpoint());
        assert!(calls(with(10, 100)) && !with(10, 100).has_room_for_checkpoint());
        assert!(with(100_000, 16).calls_for_checkpoint(16 << 20) && !with(100_000, 0).calls_for_checkpoint(1));
    }
}
