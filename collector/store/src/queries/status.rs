//! How the store is doing.

use std::sync::atomic::Ordering::Relaxed;

use coldlight_model::{StoreStatus, Timestamp};

use crate::Store;
use crate::error::StoreError;
use crate::upkeep;

impl Store {
    /// What is kept and how far the writer is. While the database is being reopened only the counters are there.
    pub async fn status(&self) -> Result<StoreStatus, StoreError> {
        let mut status = self.counters();
        let kept = self
            .ask(|db| {
                let mut statement = db.prepare_cached(include_str!("status.sql"))?;
                let kept = statement.query_row([], |row| {
                    Ok(StoreStatus {
                        spans: row.get("spans")?,
                        logs: row.get("logs")?,
                        metric_points: row.get("metric_points")?,
                        resources: row.get("resources")?,
                        newest_span_at: row.get::<_, Option<i64>>("newest_ns")?.map(Timestamp::from_sql),
                        oldest_span_at: row.get::<_, Option<i64>>("oldest_ns")?.map(Timestamp::from_sql),
                        ..StoreStatus::default()
                    })
                })?;
                Ok(kept)
            })
            .await;
        match kept {
            Ok(kept) => status = with_rows_of(status, &kept),
            Err(StoreError::Reopening) => {}
            Err(error) => return Err(error),
        }
        Ok(status)
    }

    /// `known`, which may be a little old, with counters of this moment: those ask nothing of the database.
    pub fn status_since(&self, known: &StoreStatus) -> StoreStatus {
        with_rows_of(self.counters(), known)
    }

    /// Whether the rollups hold everything that is visible.
    pub async fn is_rolled(&self) -> Result<bool, StoreError> {
        self.ask(|db| {
            Ok(db.query_row(
                "SELECT least((SELECT sequence FROM rolled), (SELECT sequence FROM invoked)) = (SELECT written_sequence FROM state)
                    AND NOT EXISTS (SELECT 1 FROM cost_dirty)",
                [],
                |row| row.get(0),
            )?)
        })
        .await
    }

    /// The part of the status that asks nothing of the database.
    pub fn counters(&self) -> StoreStatus {
        let progress = &self.shared.progress;
        let settings = &self.shared.settings;
        let journal = self.shared.journal.status();
        let now = (self.shared.now)();
        let (database_bytes, wal_bytes) = upkeep::file_sizes(&settings.data);
        let at = |counter: &std::sync::atomic::AtomicU64| match counter.load(Relaxed) {
            0 => None,
            nanos => Some(Timestamp::from_nanos(nanos)),
        };
        StoreStatus {
            busy: journal.busy,
            duplicates: progress.duplicates.load(Relaxed),
            spans_written: progress.spans_written.load(Relaxed),
            spans_written_per_s: progress.spans_per_s(now),
            waiting_batches: journal.last.saturating_sub(progress.written_sequence.load(Relaxed)),
            waiting_age: at(&progress.oldest_waiting).map_or(0, |oldest| now.since(oldest)),
            freshness_p95: progress.freshness_p95(),
            journal_bytes: journal.bytes,
            journal_limit: journal.limit_bytes,
            journal_segments: journal.segments,
            database_bytes,
            wal_bytes,
            disk_free_bytes: journal.space.free,
            disk_reserve_bytes: journal.reserve_bytes,
            retain: settings.retain.as_nanos() as u64,
            retain_bytes: settings.retain_bytes.unwrap_or_else(|| upkeep::disk_share(&settings.data)),
            dropped_by_retention: progress.dropped_by_retention.load(Relaxed),
            last_checkpoint_at: at(&progress.last_checkpoint_at),
            reopened: progress.reopened.load(Relaxed),
            quarantined: self.shared.quarantined(),
            ..StoreStatus::default()
        }
    }
}

fn with_rows_of(counters: StoreStatus, kept: &StoreStatus) -> StoreStatus {
    StoreStatus {
        spans: kept.spans,
        logs: kept.logs,
        metric_points: kept.metric_points,
        resources: kept.resources,
        newest_span_at: kept.newest_span_at,
        oldest_span_at: kept.oldest_span_at,
        ..counters
    }
}
