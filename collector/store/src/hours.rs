//! Requests and calls by hour: sums of minutes, so that a day of the map is read from thousands of rows and not from millions.
//!
//! An hour is summed when it is over, and anew when one of its minutes was counted since. Whoever asks reads the sums of whole hours, and
//! minutes where there are none.

use std::ops::Range;

use coldlight_model::{TimeRange, Timestamp};
use duckdb::Connection;

use crate::error::StoreError;

/// In nanoseconds.
const HOUR: i64 = 3_600_000_000_000;

/// Of more pieces than this everything is read by minutes.
const MOST_PIECES: usize = 64;

/// The newest hour before `$1` that was counted and is not summed.
const NEXT: &str = "SELECT max(minute // 60) FROM counted_minutes
    WHERE minute // 60 < $1 AND minute // 60 NOT IN (SELECT hour FROM counted_hours)";
const SUM: [&str; 4] = [
    "DELETE FROM service_hours WHERE minute >= make_timestamp_ns($1) AND minute < make_timestamp_ns($2)",
    "DELETE FROM edge_hours WHERE minute >= make_timestamp_ns($1) AND minute < make_timestamp_ns($2)",
    include_str!("queries/sum_hour_services.sql"),
    include_str!("queries/sum_hour_edges.sql"),
];

/// Sums the newest hour that is over and is not summed, in the caller's transaction; false when there is none.
pub(crate) fn sum_next(db: &Connection, now: Timestamp) -> Result<bool, StoreError> {
    let hour: Option<i64> = db.query_row(NEXT, [now.nanos() / HOUR], |row| row.get(0))?;
    let Some(hour) = hour else { return Ok(false) };
    for sql in SUM {
        db.execute(sql, [hour * HOUR, (hour + 1) * HOUR])?;
    }
    db.execute("INSERT INTO counted_hours VALUES (?)", [hour])?;
    Ok(true)
}

/// Which parts of a range are read from the sums of hours, and which from minutes, in ns.
#[derive(Debug, PartialEq)]
pub(crate) struct Pieces {
    hours: Vec<Range<i64>>,
    minutes: Vec<Range<i64>>,
}

impl Pieces {
    /// Of `range`, as summed just now.
    pub fn of(db: &Connection, range: TimeRange) -> Result<Self, StoreError> {
        let (from, to) = (range.from.nanos(), range.to.nanos());
        let sql = "SELECT hour FROM counted_hours WHERE hour >= ? AND hour < ? ORDER BY hour";
        let mut statement = db.prepare_cached(sql)?;
        let whole = [(from + HOUR - 1).div_euclid(HOUR), to.div_euclid(HOUR)];
        let hours = statement.query_map(whole, |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
        Ok(Self::from_hours(&hours, from..to))
    }

    /// `hours` are in order and lie in `range`.
    fn from_hours(hours: &[i64], range: Range<i64>) -> Self {
        let (mut summed, mut minutes, mut at) = (Vec::<Range<i64>>::new(), Vec::new(), range.start);
        for hour in hours {
            let piece = hour * HOUR..(hour + 1) * HOUR;
            if at < piece.start {
                minutes.push(at..piece.start);
            }
            at = piece.end;
            match summed.last_mut() {
                Some(last) if last.end == piece.start => last.end = piece.end,
                _ => summed.push(piece),
            }
        }
        if at < range.end {
            minutes.push(at..range.end);
        }
        if minutes.len() > MOST_PIECES {
            return Self { hours: Vec::new(), minutes: vec![range] };
        }
        Self { hours: summed, minutes }
    }

    /// The rows of `service` or `edge` rollups in the range, as a query with the columns of minutes.
    pub fn rows(&self, of: &str) -> String {
        let minutes = within(&self.minutes);
        let hours = within(&self.hours);
        format!("SELECT * FROM main.{of}_minutes WHERE {minutes} UNION ALL SELECT * FROM main.{of}_hours WHERE {hours}")
    }
}

fn within(pieces: &[Range<i64>]) -> String {
    let all = pieces.iter().map(|piece| {
        let Range { start, end } = piece;
        format!("(minute >= make_timestamp_ns({start}) AND minute < make_timestamp_ns({end}))")
    });
    let all: Vec<String> = all.collect();
    if all.is_empty() { "FALSE".to_owned() } else { all.join(" OR ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of each table a minute from 10:00 to 14:30 of some day, as counted; so much in each as the minute's number says.
    fn minutes() -> Connection {
        let db = Connection::open_in_memory().unwrap();
        crate::schema::prepare(&db, std::path::Path::new("memory"), Timestamp::EPOCH).unwrap();
        db.execute_batch(
            "INSERT INTO counted_minutes SELECT 10 * 60 + n, 1 FROM range(270) AS minutes(n);
            INSERT INTO service_minutes
            SELECT make_timestamp_ns(minute * 60000000000), 'web', 'lambda', minute % 2 = 0, minute % 3, minute, 1, 2, 3 FROM counted_minutes;
            INSERT INTO edge_minutes
            SELECT make_timestamp_ns(minute * 60000000000), CASE WHEN minute < 700 THEN 'service' ELSE 'lambda' END, 'web', 'sqs', 'jobs', 'async',
                minute % 3, minute, 1, 2, 3
            FROM counted_minutes",
        )
        .unwrap();
        db
    }

    fn at(hour: i64, minute: i64) -> Timestamp {
        Timestamp::from_sql(hour * HOUR + minute * HOUR / 60)
    }

    fn sum_all(db: &Connection, now: Timestamp) -> usize {
        std::iter::from_fn(|| sum_next(db, now).unwrap().then_some(())).count()
    }

    /// What both tables say of a range when it is read as `rows` has it.
    fn told(db: &Connection, rows: impl Fn(&str) -> String, range: TimeRange) -> [String; 2] {
        [("service", "service, platform, entry"), ("edge", "caller_kind, caller, callee_kind, callee, way")].map(
            |(of, by)| {
                let sql = format!(
                    "WITH {of}_minutes AS ({}) SELECT string_agg(told::VARCHAR, chr(10) ORDER BY told::VARCHAR) FROM (
                    SELECT {by}, bucket, sum(calls), sum(errors), sum(faults), sum(throttles) FROM {of}_minutes
                    WHERE minute >= make_timestamp_ns($1) AND minute < make_timestamp_ns($2) GROUP BY ALL
                ) AS told",
                    rows(of)
                );
                let range = [range.from.nanos(), range.to.nanos()];
                db.query_row(&sql, range, |row| row.get::<_, Option<String>>(0)).unwrap().unwrap_or_default()
            },
        )
    }

    fn is_told_alike(db: &Connection) {
        for (from, to) in
            [(at(10, 0), at(14, 0)), (at(9, 17), at(14, 30)), (at(10, 1), at(11, 59)), (at(12, 0), at(13, 0))]
        {
            let range = TimeRange { from, to };
            let pieces = Pieces::of(db, range).unwrap();
            let by_minutes = told(db, |of| format!("FROM main.{of}_minutes"), range);
            assert_eq!(told(db, |of| pieces.rows(of), range), by_minutes, "{range:?}, {pieces:?}");
        }
    }

    #[test]
    fn hours_say_what_their_minutes_say_from_any_minute_to_any_other() {
        let db = minutes();
        is_told_alike(&db);
        assert_eq!(sum_all(&db, at(14, 30)), 4, "the fifth is not over");
        is_told_alike(&db);
        let pieces = Pieces::of(&db, TimeRange { from: at(9, 17), to: at(14, 30) }).unwrap();
        let [ten, two] = [10 * HOUR, 14 * HOUR];
        let ends = vec![at(9, 17).nanos()..ten, two..at(14, 30).nanos()];
        assert_eq!(pieces, Pieces { hours: std::iter::once(ten..two).collect(), minutes: ends });
        // As when a late span came.
        db.execute_batch("DELETE FROM counted_hours WHERE hour = 12; UPDATE service_minutes SET calls = 7 WHERE minute = make_timestamp_ns(750 * 60000000000)").unwrap();
        is_told_alike(&db);
        assert_eq!(sum_all(&db, at(14, 30)), 1);
        is_told_alike(&db);
    }

    #[test]
    fn many_pieces_are_read_by_minutes() {
        let every_second: Vec<i64> = (0..200).step_by(2).collect();
        let pieces = Pieces::from_hours(&every_second, 0..200 * HOUR);
        assert_eq!((pieces.hours.len(), &pieces.minutes[..]), (0, std::slice::from_ref(&(0..200 * HOUR))));
        assert!(pieces.rows("edge").ends_with("main.edge_hours WHERE FALSE"));
    }
}
