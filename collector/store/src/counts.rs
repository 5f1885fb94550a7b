//! Requests and calls by minute: what the map reads. The minutes that new spans touch are counted anew, whole.
//!
//! The engine holds in memory what several parts of a question read, so that the spans of these minutes are gathered slice of time by
//! slice of time: what shares a trace lies close together, and little else is read with it.

use duckdb::Connection;

use crate::error::StoreError;
use crate::reach::{OF_CALLS, around, reach};

/// Spans of a slice, about.
const GATHERED: u64 = 131_072;

/// New spans whose parents and children are looked for at a time.
const LOOKED_FOR: u64 = 524_288;

/// In so many slices at least after failures: each looks for the others of its traces anew.
const MOST_SLICES: u64 = 64;

/// Spans with their parents and whoever answered them, and what is told of those: by minute, service and bucket of duration,
/// and by minute, caller, callee, way and bucket. The map of what a filter finds is told by the same.
pub(crate) const REQUESTS: &str = include_str!("queries/requests.sql");
pub(crate) const SERVICE_ROWS: &str = include_str!("queries/service_rows.sql");
pub(crate) const EDGE_ROWS: &str = include_str!("queries/edge_rows.sql");

const BEGUN: &str =
    "SELECT epoch_ns(min(started_at)) AS first_ns, epoch_ns(max(started_at)) AS last_ns, count(*) AS brought
    FROM span_rows WHERE sequence > ? AND sequence <= ?";
/// What is counted of each slice, to be summed.
const COUNTED: &str = "CREATE OR REPLACE TEMP TABLE service_counts AS FROM service_minutes LIMIT 0;
    CREATE OR REPLACE TEMP TABLE edge_counts AS FROM edge_minutes LIMIT 0";
const SERVICE_SUMS: &str = "INSERT INTO service_minutes SELECT minute, service, any_value(platform), entry, bucket,
    sum(calls), sum(errors), sum(faults), sum(throttles) FROM temp.service_counts GROUP BY minute, service, entry, bucket";
const EDGE_SUMS: &str = "INSERT INTO edge_minutes SELECT minute, caller_kind, caller, callee_kind, callee, way, bucket,
    sum(calls), sum(errors), sum(faults), sum(throttles) FROM temp.edge_counts GROUP BY ALL";
const LET_GO: &str = "DROP TABLE IF EXISTS temp.rolling; DROP TABLE IF EXISTS temp.dirty;
    DROP TABLE IF EXISTS temp.service_counts; DROP TABLE IF EXISTS temp.edge_counts";
const OWN_MINUTES: &str = "CREATE OR REPLACE TEMP TABLE dirty AS
    SELECT DISTINCT epoch_ns(started_at) // 60000000000 AS minute FROM span_rows WHERE sequence > ? AND sequence <= ?";
/// How many there are to gather, by second.
const BY_SECOND: &str = "SELECT epoch_ns(started_at) // 1000000000 AS second, count(*) AS spans FROM span_rows
    WHERE started_at BETWEEN (SELECT make_timestamp_ns(min(minute) * 60000000000) FROM dirty)
                         AND (SELECT make_timestamp_ns(least(max(minute) + 1, 153722867) * 60000000000) FROM dirty)
      AND epoch_ns(started_at) // 60000000000 IN (SELECT minute FROM dirty)
    GROUP BY second ORDER BY second";
const FORGET_SERVICES: &str =
    "DELETE FROM service_minutes WHERE epoch_ns(minute) // 60000000000 IN (SELECT minute FROM dirty)";
const FORGET_EDGES: &str =
    "DELETE FROM edge_minutes WHERE epoch_ns(minute) // 60000000000 IN (SELECT minute FROM dirty)";
/// Clocks of senders may show any year; costs end before the last a timestamp can say.
const MARK_COSTS: &str =
    "INSERT INTO cost_dirty SELECT make_timestamp_ns(minute * 60000000000) FROM dirty WHERE minute < 153722000";

/// The minutes that spans of journal records after `rolled` up to `written` touch, counted anew and not kept yet.
pub(crate) struct Counted {
    rolled: u64,
    written: u64,
    any: bool,
}

impl Counted {
    /// Counts them into temporary tables of `db`, in smaller slices if it is `divided`; before each asks `alone` for its turn, so that the
    /// writer may checkpoint in between: what it did not, the engine holds. What comes meanwhile touches its minutes again.
    pub fn new<Turn>(
        db: &Connection,
        rolled: u64,
        written: u64,
        divided: u64,
        alone: impl Fn() -> Turn,
    ) -> Result<Self, StoreError> {
        let any = count(db, rolled, written, divided, alone).inspect_err(|_| let_go(db))?;
        Ok(Self { rolled, written, any })
    }

    /// Keeps what was counted, in the caller's transaction.
    pub fn keep(&self, db: &Connection) -> Result<(), StoreError> {
        if self.any {
            db.execute_batch(FORGET_SERVICES)?;
            db.execute_batch(SERVICE_SUMS)?;
            db.execute_batch(FORGET_EDGES)?;
            db.execute_batch(EDGE_SUMS)?;
            db.execute_batch(MARK_COSTS)?;
        }
        db.execute(include_str!("queries/roll_signs.sql"), duckdb::params![self.rolled, self.written])?;
        db.execute("UPDATE rolled SET sequence = ?", [self.written])?;
        Ok(())
    }
}

/// The connection goes back to the others, and memory too. Where even this fails, the next roll replaces them.
pub(crate) fn let_go(db: &Connection) {
    let _ = db.execute_batch(LET_GO);
}

/// Whether there were any.
fn count<Turn>(
    db: &Connection,
    rolled: u64,
    written: u64,
    divided: u64,
    alone: impl Fn() -> Turn,
) -> Result<bool, StoreError> {
    let seen: Option<(i64, i64, u64)> = db.query_row(BEGUN, [rolled, written], |row| {
        let seen = row.get::<_, Option<i64>>("first_ns")?.zip(row.get("last_ns")?);
        let brought = row.get("brought")?;
        Ok(seen.map(|(first, last)| (first, last, brought)))
    })?;
    let Some((first, last, brought)) = seen else { return Ok(false) };
    let reach = reach(db, (first, last), &OF_CALLS)?;
    let (low, high) = around((first, last), reach);
    db.execute(OWN_MINUTES, [rolled, written])?;
    let parts = brought.div_ceil(LOOKED_FOR).max(divided.min(MOST_SLICES));
    for part in 0..parts {
        let _turn = alone();
        let asked = duckdb::params![rolled, written, low, high, parts, part];
        db.execute(include_str!("queries/roll_dirty.sql"), asked)?;
    }
    let gather = include_str!("queries/roll_spans.sql").replace("/* requests */", REQUESTS);
    db.execute_batch(COUNTED)?;
    for slice in slices(&by_second(db)?, divided) {
        let _turn = alone();
        let (low, high) = around((slice.from, slice.to), reach);
        let asked = duckdb::params![slice.from, slice.to, low, high, slice.parts, slice.part];
        db.execute(&gather, asked)?;
        db.execute_batch(&["INSERT INTO temp.service_counts\n", SERVICE_ROWS].concat())?;
        db.execute_batch(&["INSERT INTO temp.edge_counts\n", EDGE_ROWS].concat())?;
    }
    Ok(true)
}

/// What is gathered at a time: the spans begun from `from` to `to` (ns), and of them the `part`th of `parts` parts of all traces.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Slice {
    from: i64,
    to: i64,
    parts: u64,
    part: u64,
}

/// The seconds of the dirty minutes that have spans, and how many.
fn by_second(db: &Connection) -> Result<Vec<(i64, u64)>, StoreError> {
    let mut statement = db.prepare(BY_SECOND)?;
    let seconds = statement.query_map([], |row| Ok((row.get("second")?, row.get("spans")?)))?;
    Ok(seconds.collect::<Result<_, _>>()?)
}

/// Whole seconds together as long as they are not too many; a second that is too large by itself in parts.
fn slices(seconds: &[(i64, u64)], divided: u64) -> Vec<Slice> {
    let all: u64 = seconds.iter().map(|(_, spans)| spans).sum();
    let most = GATHERED.min(all.div_ceil(divided.min(MOST_SLICES))).max(1);
    let mut slices = Vec::new();
    let mut rest = seconds;
    while let Some(((first, spans), _)) = rest.split_first() {
        let (mut taken, mut sum) = (1, *spans);
        while let Some((_, more)) = rest.get(taken).filter(|(_, more)| sum + more <= most) {
            sum += more;
            taken += 1;
        }
        let (last, _) = rest[taken - 1];
        let [from, to] = [*first, last.saturating_add(1)].map(|second| second.saturating_mul(1_000_000_000));
        let parts = sum.div_ceil(most);
        slices.extend((0..parts).map(|part| Slice { from, to: to - 1, parts, part }));
        rest = &rest[taken..];
    }
    slices
}

#[cfg(test)]
mod tests {
    use coldlight_model::Timestamp;

    use super::*;

    /// Traces of four spans: a request, its call to a service that answers, and that one's call to a table. A trace begins `apart` ns after
    /// the one before it, and each of its spans a tenth of that after its parent.
    fn traces(apart: u64) -> Connection {
        let db = Connection::open_in_memory().unwrap();
        crate::schema::prepare(&db, std::path::Path::new("memory"), Timestamp::EPOCH).unwrap();
        db.execute(
            "INSERT INTO span_rows BY NAME
            SELECT
                1 AS sequence, md5(n::VARCHAR) AS trace_id, span_id, parent AS parent_span_id, service, kind, remote AS remote_kind,
                remote AS remote_name, 'lambda' AS platform, 'sync' AS way, '' AS name, 257 AS flags, 1 AS resource_id,
                make_timestamp_ns(1795442602418000000 + n * $1 + deep * ($1 // 10)) AS started_at, 1000000 * (n % 7 + 1) AS duration_ns,
                'unset' AS status, '' AS status_message, '' AS trace_state, '' AS scope_name, '' AS scope_version, false AS error,
                n % 9 = 0 AS fault, false AS throttle, 0 AS dropped_attributes_count, 0 AS dropped_events_count,
                0 AS dropped_links_count, 0 AS oddities, make_timestamp_ns(0) AS received_at
            FROM range(300) AS traces(n), (VALUES
                ('a', NULL, 'web', 'server', NULL, 0), ('b', 'a', 'web', 'client', NULL, 1), ('c', 'b', 'api', 'server', NULL, 2),
                ('d', 'c', 'api', 'client', 'dynamodb', 3)
            ) AS spans(span_id, parent, service, kind, remote, deep)",
            [i64::try_from(apart).unwrap()],
        )
        .unwrap();
        db
    }

    fn compute(db: &Connection, rolled: u64, written: u64, divided: u64) {
        Counted::new(db, rolled, written, divided, || ()).unwrap().keep(db).unwrap();
        let_go(db);
    }

    fn minutes(db: &Connection) -> [String; 2] {
        ["service_minutes", "edge_minutes"].map(|table| {
            let all = format!("SELECT string_agg(told::VARCHAR, chr(10) ORDER BY told::VARCHAR) FROM {table} AS told");
            db.query_row(&all, [], |row| row.get(0)).unwrap()
        })
    }

    #[test]
    fn minutes_gathered_in_slices_say_what_they_say_gathered_at_once() {
        // Over minutes, over seconds that each hold many, and all within one second.
        for apart in [700_000_000, 3_000_000_000, 10_000_000, 1_000] {
            let db = traces(apart);
            compute(&db, 0, 1, 1);
            let at_once = minutes(&db);
            assert!(at_once.iter().zip(["web", "dynamodb"]).all(|(told, name)| told.contains(name)), "{at_once:?}");
            for divided in [2, 8, 1_024] {
                compute(&db, 0, 1, divided);
                assert_eq!(minutes(&db), at_once, "{apart} ns apart, divided by {divided}");
            }
        }
    }

    #[test]
    fn minutes_that_new_parents_and_children_lie_in_are_counted_again() {
        // A minute lies between a span and its child. Of one trace in two the call to another service is written first and who answered
        // it next, so that the call leads elsewhere no longer; of the others the answer first, so that it is no entry any more.
        let db = traces(600_000_000_000);
        db.execute_batch(
            "UPDATE span_rows SET remote_kind = 'external', remote_name = 'elsewhere' WHERE span_id = 'b';
            UPDATE span_rows SET sequence = CASE WHEN span_id = 'a' THEN 3 WHEN span_id = 'd' THEN 4
                WHEN (span_id = 'b') = (epoch_ns(started_at) // 600000000000 % 2 = 0) THEN 1 ELSE 2 END;
            CREATE TABLE coming AS FROM span_rows; DELETE FROM span_rows",
        )
        .unwrap();
        let come = |end: u64| {
            db.execute("INSERT INTO span_rows FROM coming WHERE sequence = ?", [end]).unwrap();
            compute(&db, end - 1, end, 1);
        };
        come(1);
        assert!(minutes(&db)[1].contains("elsewhere"), "nobody has answered yet");
        (2..=4).for_each(come);
        let step_by_step = minutes(&db);
        assert!(!step_by_step[1].contains("elsewhere"), "each call was answered");
        compute(&db, 0, 4, 1);
        assert_eq!(minutes(&db), step_by_step);
    }

    #[test]
    fn slices_are_whole_seconds_and_a_crowded_second_is_divided() {
        let second = |number: i64| number * 1_000_000_000;
        let slice =
            |first: i64, last: i64, parts, part| Slice { from: second(first), to: second(last + 1) - 1, parts, part };
        let most = GATHERED;
        let seconds = [(1, most - 1), (2, 1), (3, 1), (9, 2 * most + 1), (10, 5)];
        let expected = [
            slice(1, 2, 1, 0),
            slice(3, 3, 1, 0),
            slice(9, 9, 3, 0),
            slice(9, 9, 3, 1),
            slice(9, 9, 3, 2),
            slice(10, 10, 1, 0),
        ];
        assert_eq!(slices(&seconds, 1), expected);
        assert_eq!(slices(&[(1, 10), (2, 10), (3, 10), (4, 10)], 2), [slice(1, 2, 1, 0), slice(3, 4, 1, 0)]);
        assert_eq!(slices(&[], 1), []);
    }
}
