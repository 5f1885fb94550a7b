//! How far around what just came the other rows of its traces are looked for: an hour, and less where that is too many to look through with
//! every roll.
//!
//! Who calls and who answers begin within moments of each other. What lies between them for long is a queue, and of an invocation its
//! report: up to fifteen minutes after its start.

use coldlight_model::Nanos;
use duckdb::Connection;

use crate::error::StoreError;

const MINUTE: Nanos = 60_000_000_000;

/// Of parents and children, and of what tells of an invocation: the first that is not too many is taken, else the last.
pub(crate) const OF_CALLS: [Nanos; 4] = [60 * MINUTE, 15 * MINUTE, 5 * MINUTE, 2 * MINUTE];
pub(crate) const OF_INVOCATIONS: [Nanos; 2] = [60 * MINUTE, 20 * MINUTE];

/// Spans that are looked through at most: 35 ns of processor time each, a few times a roll. An hour has as many at 800 a second.
const MOST: i64 = 3_000_000;

/// The last nanosecond of a timestamp that the engine's own arithmetic can bear.
pub(crate) const LAST: i64 = 9_223_368_000_000_000_000;

const COUNT: &str =
    "SELECT count(*) FROM span_rows WHERE started_at BETWEEN make_timestamp_ns(?) AND make_timestamp_ns(?)";

/// How far to look around what was seen between `first` and `last` (ns).
pub(crate) fn reach(db: &Connection, (first, last): (i64, i64), reaches: &[Nanos]) -> Result<Nanos, StoreError> {
    let mut reaches = reaches.iter().copied().peekable();
    let mut count = db.prepare_cached(COUNT)?;
    while let Some(reach) = reaches.next() {
        let (low, high) = around((first, last), reach);
        if reaches.peek().is_none() || count.query_row([low, high], |row| row.get::<_, i64>(0))? <= MOST {
            return Ok(reach);
        }
    }
    Ok(0)
}

/// From when until when (ns): held to what a timestamp can say, for senders' clocks may show any year.
pub(crate) fn around((first, last): (i64, i64), reach: Nanos) -> (i64, i64) {
    let reach = i64::try_from(reach).unwrap_or(0);
    (first.saturating_sub(reach), last.min(LAST - reach).saturating_add(reach))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_an_hour_has_too_many_less_of_it_is_looked_through() {
        const NOW: i64 = 1_795_442_602_418_000_000;
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE span_rows (started_at TIMESTAMP_NS)").unwrap();
        let too_many = |minutes: i64| {
            let at = NOW - minutes * 60_000_000_000;
            let spans = "INSERT INTO span_rows SELECT make_timestamp_ns(? + range) FROM range(? + 1)";
            db.execute(spans, [at, MOST]).unwrap();
        };
        let reaches =
            || [&OF_CALLS[..], &OF_INVOCATIONS].map(|reaches| reach(&db, (NOW, NOW), reaches).unwrap() / MINUTE);
        too_many(61);
        assert_eq!(reaches(), [60, 60], "what is further away does not count");
        too_many(30);
        assert_eq!(reaches(), [15, 20]);
        too_many(10);
        assert_eq!(reaches(), [5, 20], "a report comes up to fifteen minutes after its start, however many there are");
        too_many(3);
        assert_eq!(reaches(), [2, 20]);
    }
}
