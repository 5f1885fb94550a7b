//! `cost_minutes`: what invocations and calls cost by minute, so that a bill is summed from thousands of rows and not from millions.
//!
//! Minutes of which something came, or whose prices changed, are marked in `cost_dirty` in the transaction that changes them, and computed
//! anew, whole, by the roller: newest first, a stretch at a time. Whoever asks for a time with a marked minute in it is answered from
//! the invocations themselves, if they are not too many.

use std::time::{Duration, Instant};

use coldlight_model::{Nanos, TimeRange, Timestamp};
use duckdb::{Connection, named_params};

use crate::error::StoreError;

const MINUTE: Nanos = 60_000_000_000;

/// Minutes computed together at most, and at first: nobody knows yet how much is in one.
const MOST: u64 = 240;
const FIRST: u64 = 4;

/// A stretch that takes longer is halved, one that takes less than a quarter of it doubled. To plan one alone takes a tenth of it.
const LONG: Duration = Duration::from_secs(2);

/// One by one, invocations and calls of so many spans take about a second; minutes with more of them together are no stretch.
const TOO_MANY: i64 = 500_000;

const MARKED: &str = "SELECT count(DISTINCT minute) FROM cost_dirty WHERE minute >= make_timestamp_ns(?) AND minute < make_timestamp_ns(?)";
const SPANS: &str =
    "SELECT count(*) FROM span_rows WHERE started_at >= make_timestamp_ns(?) AND started_at < make_timestamp_ns(?)";

/// Computes stretches of marked minutes.
pub(crate) struct Costs {
    /// Minutes of the next stretch.
    stretch: u64,
}

impl Costs {
    pub fn new() -> Self {
        Self { stretch: FIRST }
    }

    /// Smaller stretches: the last needed more memory than there is.
    pub fn divide(&mut self) {
        self.stretch = (self.stretch / 4).max(1);
    }

    /// Computes the next stretch of marked minutes, if there is one; if it is to be `quick`, not one of too many spans. In the caller's
    /// transaction.
    pub fn compute(&mut self, db: &Connection, quick: bool) -> Result<(), StoreError> {
        let Some(stretch) = self.next(db)? else { return Ok(()) };
        if quick && spans(db, stretch)? > TOO_MANY {
            return Ok(());
        }
        let started = Instant::now();
        compute(db, stretch)?;
        let took = started.elapsed();
        if took > LONG {
            self.stretch = (self.stretch / 2).max(1);
        } else if took < LONG / 4 {
            self.stretch = (self.stretch * 2).min(MOST);
        }
        Ok(())
    }

    /// The newest marked minute, and those before it that are marked and near.
    fn next(&self, db: &Connection) -> Result<Option<TimeRange>, StoreError> {
        let newest: Option<i64> = db.query_row("SELECT epoch_ns(max(minute)) FROM cost_dirty", [], |row| row.get(0))?;
        let Some(newest) = newest else { return Ok(None) };
        let to = newest.saturating_add(MINUTE as i64);
        let oldest = "SELECT epoch_ns(min(minute)) FROM cost_dirty WHERE minute >= make_timestamp_ns(?)";
        let mut minutes = self.stretch;
        loop {
            let from: i64 = db.query_row(oldest, [to - (minutes * MINUTE) as i64], |row| row.get(0))?;
            let stretch = TimeRange { from: Timestamp::from_sql(from), to: Timestamp::from_sql(to) };
            if minutes == 1 || spans(db, stretch)? <= TOO_MANY {
                return Ok(Some(stretch));
            }
            minutes /= 2;
        }
    }
}

fn compute(db: &Connection, range: TimeRange) -> Result<(), StoreError> {
    let (from, to) = (range.from.nanos(), range.to.nanos());
    let several = include_str!("queries/calls_several.sql");
    let several: bool = db.query_row(several, named_params! { "from": from, "to": to }, |row| row.get(0))?;
    // Written into the text, as in `queries/asking.rs`.
    let calls = include_str!("queries/cost_calls.sql");
    let calls = if several { calls.to_owned() } else { calls.replace("/* several */ TRUE", "FALSE") };
    db.execute(&calls, named_params! { "from": from, "to": to })?;
    for table in ["cost_minutes", "cost_dirty"] {
        let forget = ["DELETE FROM ", table, " WHERE minute >= make_timestamp_ns(?) AND minute < make_timestamp_ns(?)"];
        db.execute(&forget.concat(), [from, to])?;
    }
    db.execute(include_str!("queries/cost_rows.sql"), named_params! { "from": from, "to": to })?;
    db.execute_batch("DROP TABLE temp.calls_now")?;
    Ok(())
}

fn spans(db: &Connection, range: TimeRange) -> Result<i64, StoreError> {
    let mut statement = db.prepare_cached(SPANS)?;
    Ok(statement.query_row([range.from.nanos(), range.to.nanos()], |row| row.get(0))?)
}

pub(crate) fn is_any_marked(db: &Connection) -> Result<bool, StoreError> {
    Ok(db.query_row("SELECT count(*) > 0 FROM cost_dirty", [], |row| row.get(0))?)
}

/// Whether `cost_minutes` is to tell what everything in `range` cost: it is of whole minutes, and none is marked, or there is so much
/// that nobody would wait for the answer without them. Then marked minutes are told as they were computed last, and how many there are.
pub(crate) fn told(db: &Connection, range: TimeRange) -> Result<Option<u64>, StoreError> {
    if range != range.whole_minutes() {
        return Ok(None);
    }
    let mut statement = db.prepare_cached(MARKED)?;
    let marked: i64 = statement.query_row([range.from.nanos(), range.to.nanos()], |row| row.get(0))?;
    Ok((marked == 0 || spans(db, range)? > TOO_MANY).then(|| marked.unsigned_abs()))
}

/// Marks every minute: prices are not what they were.
pub(crate) fn mark_all(db: &Connection) -> Result<(), StoreError> {
    Ok(db.execute_batch("INSERT INTO cost_dirty SELECT DISTINCT minute FROM cost_minutes")?)
}
