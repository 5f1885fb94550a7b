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

/// Spans of a part: the engine holds what is told from them, 100 MB of calls that are all metered.
const PART: i64 = 250_000;

/// No minute is divided into more parts, which are a second then.
const MOST_PARTS: i64 = 60;

/// What the calls of a part are told from: of their traces.
const ANY: &str = "/* of calls */ TRUE";
const OF_CALLS: &str = "trace_id IN (FROM temp.called_traces)";

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
        compute(db, stretch, PART)?;
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

/// Computes the minutes of `range` anew, in parts of about `most` spans.
fn compute(db: &Connection, range: TimeRange, most: i64) -> Result<(), StoreError> {
    let (from, to) = (range.from.nanos(), range.to.nanos());
    db.execute_batch("CREATE OR REPLACE TEMP TABLE cost_parts AS FROM cost_minutes LIMIT 0")?;
    let parts = (spans(db, range)? / most + 1).min(MOST_PARTS);
    let length = (to - from) / parts + 1;
    for part in 0..parts {
        let from = from + part * length;
        compute_part(db, from, to.min(from + length))?;
    }
    for table in ["cost_minutes", "cost_dirty"] {
        let forget = ["DELETE FROM ", table, " WHERE minute >= make_timestamp_ns(?) AND minute < make_timestamp_ns(?)"];
        db.execute(&forget.concat(), [from, to])?;
    }
    db.execute_batch(include_str!("queries/cost_sums.sql"))?;
    Ok(db.execute_batch("DROP TABLE temp.called_traces; DROP TABLE temp.calls_now; DROP TABLE temp.cost_parts")?)
}

/// Of what began from `from` until `to` (ns).
fn compute_part(db: &Connection, from: i64, to: i64) -> Result<(), StoreError> {
    db.execute(include_str!("queries/cost_traces.sql"), named_params! { "from": from, "to": to })?;
    // Written into the text, as in `queries/asking.rs`.
    let several = include_str!("queries/calls_several.sql").replace(ANY, OF_CALLS);
    let several: bool = db.query_row(&several, named_params! { "from": from, "to": to }, |row| row.get(0))?;
    let calls = include_str!("queries/cost_calls.sql").replace(ANY, OF_CALLS);
    let calls = if several { calls } else { calls.replace("/* several */ TRUE", "FALSE") };
    db.execute(&calls, named_params! { "from": from, "to": to })?;
    db.execute(include_str!("queries/cost_rows.sql"), named_params! { "from": from, "to": to })?;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A minute of 600 invocations, some failed and some cold, each with a call to a table, and 200 such calls that no invocation made.
    fn minute() -> (Connection, TimeRange) {
        let db = Connection::open_in_memory().unwrap();
        crate::schema::prepare(&db, std::path::Path::new("memory"), Timestamp::EPOCH).unwrap();
        db.execute_batch(
            "INSERT INTO invocation_rows BY NAME
            SELECT
                'r' || n AS request_id, make_timestamp_ns(1795442580000000000 + n * 99000000) AS started_at, md5(n::VARCHAR) AS trace_id,
                'a' AS span_id, 'shop' AS service, 'f' || n % 3 AS \"function\", 'eu-central-1' AS region, 'x86_64' AS architecture,
                512 AS memory_mb, n % 50 = 0 AS cold_start, 100 + n % 70 AS billed_ms,
                CASE WHEN n % 9 = 0 THEN 'error' ELSE 'ok' END AS outcome, 'reported' AS cost_state
            FROM range(600) AS invocations(n);
            INSERT INTO span_rows BY NAME
            SELECT
                1 AS sequence, md5(n::VARCHAR) AS trace_id, 'b' AS span_id, CASE WHEN n < 600 THEN 'a' END AS parent_span_id, 'shop' AS service,
                'client' AS kind, 'dynamodb' AS remote_kind, 'orders' AS remote_name, 'PutItem' AS rpc_method, 'us-east-1' AS cloud_region,
                'lambda' AS platform, 'sync' AS way, '' AS name, 257 AS flags, 1 AS resource_id,
                make_timestamp_ns(1795442580010000000 + n % 600 * 99000000) AS started_at, 1000000 AS duration_ns,
                'unset' AS status, '' AS status_message, '' AS trace_state, '' AS scope_name, '' AS scope_version, false AS error,
                false AS fault, false AS throttle, 0 AS dropped_attributes_count, 0 AS dropped_events_count,
                0 AS dropped_links_count, 0 AS oddities, make_timestamp_ns(0) AS received_at
            FROM range(800) AS calls(n)",
        )
        .unwrap();
        let from = Timestamp::from_nanos(1_795_442_580_000_000_000);
        (db, TimeRange { from, to: from.plus(MINUTE) })
    }

    fn told(db: &Connection) -> String {
        let all = "SELECT string_agg(told::VARCHAR, chr(10) ORDER BY told::VARCHAR) FROM cost_minutes AS told";
        db.query_row(all, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_minute_computed_in_parts_costs_what_it_costs_at_once() {
        let (db, minute) = minute();
        compute(&db, minute, PART).unwrap();
        let at_once = told(&db);
        let sums = "SELECT count(*), sum(invocations), sum(failed), sum(cold), count(*) FILTER (calls > 0), sum(unpriced + unpriced_calls)
            FROM cost_minutes";
        let sums: [i64; 6] = db
            .query_row(sums, [], |row| {
                let of = |at| row.get::<_, i128>(at).map(|sum| i64::try_from(sum).unwrap_or(-1));
                Ok([of(0)?, of(1)?, of(2)?, of(3)?, of(4)?, of(5)?])
            })
            .unwrap();
        assert_eq!(
            sums,
            [4, 600, 67, 12, 4, 0],
            "three functions and what nobody made, all with calls, all with prices"
        );
        for most in [300, 40] {
            compute(&db, minute, most).unwrap();
            assert_eq!(told(&db), at_once, "in parts of {most} spans");
        }
    }
}
