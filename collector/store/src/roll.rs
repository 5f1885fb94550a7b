//! The minute rollups of the map: every minute that new spans touch is computed anew, whole.
//!
//! Recomputing is idempotent: late spans, retries and crashes need no arithmetic of differences. What it costs grows with
//! the traffic of a minute, so under load it runs less often: at most a tenth of the writer's time.

use std::time::{Duration, Instant};

use duckdb::Connection;

use crate::error::StoreError;

/// The shortest time between two rolls.
const SPACING: Duration = Duration::from_millis(100);

/// A roll that took t waits this many t for the next one.
const REST: u32 = 10;

const FORGET_SERVICES: &str =
    "DELETE FROM service_minutes WHERE epoch_ns(minute) // 60000000000 IN (SELECT minute FROM dirty)";
const FORGET_EDGES: &str =
    "DELETE FROM edge_minutes WHERE epoch_ns(minute) // 60000000000 IN (SELECT minute FROM dirty)";

/// How long to leave it after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// When to roll next, and from where.
pub(crate) struct Roll {
    rolled: u64,
    next: Instant,
}

impl Roll {
    /// Goes on from the position recorded in the database.
    pub fn new(db: &Connection) -> Result<Self, StoreError> {
        let rolled = db.query_row("SELECT rolled_sequence FROM state", [], |row| row.get(0))?;
        Ok(Self { rolled, next: Instant::now() })
    }

    pub fn if_due(&mut self, db: &Connection, written: u64) -> Result<(), StoreError> {
        if written > self.rolled && Instant::now() >= self.next { self.now(db, written) } else { Ok(()) }
    }

    /// Counts everything written up to `written`.
    pub fn now(&mut self, db: &Connection, written: u64) -> Result<(), StoreError> {
        if written <= self.rolled {
            return Ok(());
        }
        let started = Instant::now();
        db.execute_batch("BEGIN")?;
        if let Err(error) = self.compute(db, written) {
            let _ = db.execute_batch("ROLLBACK");
            self.next = Instant::now() + AFTER_FAILURE;
            return Err(error);
        }
        db.execute_batch("COMMIT")?;
        self.rolled = written;
        self.next = Instant::now() + SPACING.max(started.elapsed() * REST);
        Ok(())
    }

    fn compute(&self, db: &Connection, written: u64) -> Result<(), StoreError> {
        db.execute(include_str!("queries/roll_dirty.sql"), duckdb::params![self.rolled, written])?;
        db.execute_batch(include_str!("queries/roll_spans.sql"))?;
        db.execute_batch(FORGET_SERVICES)?;
        db.execute_batch(include_str!("queries/roll_services.sql"))?;
        db.execute_batch(FORGET_EDGES)?;
        db.execute_batch(include_str!("queries/roll_edges.sql"))?;
        db.execute("UPDATE state SET rolled_sequence = ?", [written])?;
        Ok(())
    }
}
