//! Requests and calls by minute: what the map reads. What new spans change is counted: the traces they belong to as these are now, less what they
//! were before. A minute that was counted otherwise than now, with another reach or when other services were known, is counted anew, whole.
//!
//! The engine holds in memory what several parts of a question read, so that spans are gathered slice of time by slice of time: what shares a
//! trace lies close together, and little else is read with it.

use coldlight_model::Nanos;
use duckdb::{Connection, params};

use crate::error::StoreError;
use crate::reach::{OF_CALLS, around, reach};

/// Spans of a slice, about.
const GATHERED: u64 = 131_072;

/// In so many slices at least after failures: each looks for the others of its traces anew.
const MOST_SLICES: u64 = 64;

/// Part of the basis: what was counted by other rules is not to be compared with what these say.
const RULES: u64 = 1;

/// Spans with their parents and whoever answered them, and what is told of those: by minute, service and bucket of duration,
/// and by minute, caller, callee, way and bucket. The map of what a filter finds is told by the same.
pub(crate) const REQUESTS: &str = include_str!("queries/requests.sql");
pub(crate) const SERVICE_ROWS: &str = include_str!("queries/service_rows.sql");
pub(crate) const EDGE_ROWS: &str = include_str!("queries/edge_rows.sql");

const BEGUN: &str = "SELECT epoch_ns(min(started_at)) AS first_ns, epoch_ns(max(started_at)) AS last_ns
    FROM span_rows WHERE sequence > ? AND sequence <= ?";
/// Which services have spans of their own, for the whole of a count: the writer may meet another meanwhile.
const KNOWN: &str = "CREATE OR REPLACE TEMP TABLE known_services AS
    SELECT service, arg_min(platform, first_seen) AS platform, min(first_seen) AS first_seen FROM resource_rows GROUP BY service";
const BASIS: &str =
    "SELECT hash($1::UBIGINT, $2::UBIGINT, coalesce(bit_xor(hash(service, platform)), 0)) FROM temp.known_services";
/// What is counted of each slice, to be summed.
const COUNTED: &str = "CREATE OR REPLACE TEMP TABLE service_counts AS
    SELECT * REPLACE (calls::BIGINT AS calls, errors::BIGINT AS errors, faults::BIGINT AS faults, throttles::BIGINT AS throttles)
    FROM service_minutes LIMIT 0;
    CREATE OR REPLACE TEMP TABLE edge_counts AS
    SELECT * REPLACE (calls::BIGINT AS calls, errors::BIGINT AS errors, faults::BIGINT AS faults, throttles::BIGINT AS throttles)
    FROM edge_minutes LIMIT 0;
    CREATE OR REPLACE TEMP TABLE changed_minutes AS SELECT minute FROM temp.touched_minutes WHERE whole";
const WHOLE: &str = "SELECT bool_or(whole) IS TRUE FROM temp.touched_minutes";
const SECONDS: &str = "SELECT second, spans FROM temp.touched_seconds
    WHERE second // 60 IN (SELECT minute FROM temp.touched_minutes WHERE NOT whole) ORDER BY second";
const OLD: &str = "SELECT count(*) > 0 FROM temp.near WHERE is_here AND sequence <= ?";
/// Clocks of senders may show any year; costs end before the last a timestamp can say.
const MARK_COSTS: &str = "INSERT INTO cost_dirty
    SELECT DISTINCT make_timestamp_ns(minute * 60000000000) FROM temp.changed_minutes WHERE minute < 153722000";
const LET_GO: &str = "DROP TABLE IF EXISTS temp.rolling; DROP TABLE IF EXISTS temp.near; DROP TABLE IF EXISTS temp.known_services;
    DROP TABLE IF EXISTS temp.touched_traces; DROP TABLE IF EXISTS temp.touched_seconds; DROP TABLE IF EXISTS temp.touched_minutes;
    DROP TABLE IF EXISTS temp.changed_minutes; DROP TABLE IF EXISTS temp.service_counts; DROP TABLE IF EXISTS temp.edge_counts";

/// What spans of journal records after `rolled` up to `written` change, not kept yet.
pub(crate) struct Counted {
    rolled: u64,
    written: u64,
    /// Of what is counted, if there is anything.
    basis: Option<u64>,
}

impl Counted {
    /// Counts it into temporary tables of `db`, in smaller slices if it is `divided`; before each asks `alone` for its turn, so that the
    /// writer may checkpoint in between: what it did not, the engine holds.
    pub fn new<Turn>(
        db: &Connection,
        rolled: u64,
        written: u64,
        divided: u64,
        alone: impl Fn() -> Turn,
    ) -> Result<Self, StoreError> {
        let basis = count(db, rolled, written, divided, alone).inspect_err(|_| let_go(db))?;
        Ok(Self { rolled, written, basis })
    }

    /// Keeps what was counted, in the caller's transaction.
    pub fn keep(&self, db: &Connection) -> Result<(), StoreError> {
        if let Some(basis) = self.basis {
            db.execute_batch(include_str!("queries/roll_keep.sql"))?;
            db.execute(include_str!("queries/roll_basis.sql"), [basis])?;
            db.execute_batch(MARK_COSTS)?;
        }
        db.execute(include_str!("queries/roll_signs.sql"), params![self.rolled, self.written])?;
        db.execute("UPDATE rolled SET sequence = ?", [self.written])?;
        Ok(())
    }
}

/// The connection goes back to the others, and memory too. Where even this fails, the next roll replaces them.
pub(crate) fn let_go(db: &Connection) {
    let _ = db.execute_batch(LET_GO);
}

/// By what it was counted, if there was anything.
fn count<Turn>(
    db: &Connection,
    rolled: u64,
    written: u64,
    divided: u64,
    alone: impl Fn() -> Turn,
) -> Result<Option<u64>, StoreError> {
    let seen: Option<(i64, i64)> = db.query_row(BEGUN, [rolled, written], |row| {
        Ok(row.get::<_, Option<i64>>("first_ns")?.zip(row.get("last_ns")?))
    })?;
    let Some(seen) = seen else { return Ok(None) };
    let reach = reach(db, seen, &OF_CALLS)?;
    db.execute_batch(KNOWN)?;
    let basis: u64 = db.query_row(BASIS, [RULES, reach], |row| row.get(0))?;
    {
        let _turn = alone();
        db.execute(include_str!("queries/roll_touched.sql"), [rolled, written])?;
        let (low, high) = around(seen, reach);
        db.execute(include_str!("queries/roll_seconds.sql"), params![low, high, written])?;
        db.execute(include_str!("queries/roll_minutes.sql"), [basis])?;
    }
    db.execute_batch(COUNTED)?;
    let gather = Gather::new(db, rolled, written, reach);
    for slice in slices(&seconds(db, SECONDS, [])?, divided) {
        let _turn = alone();
        gather.difference(&slice)?;
    }
    if db.query_row(WHOLE, [], |row| row.get(0))? {
        for slice in slices(&seconds(db, include_str!("queries/roll_whole.sql"), [written])?, divided) {
            let _turn = alone();
            gather.whole(&slice)?;
        }
    }
    Ok(Some(basis))
}

/// Counts a slice.
struct Gather<'a> {
    db: &'a Connection,
    rolled: u64,
    written: u64,
    reach: Nanos,
    spans: String,
}

impl<'a> Gather<'a> {
    fn new(db: &'a Connection, rolled: u64, written: u64, reach: Nanos) -> Self {
        // Written into the text, as in `queries/asking.rs`.
        let requests = REQUESTS
            .replace("/* reach */ 9223372036854775807", &reach.to_string())
            .replace("/* resources */ resource_rows", "temp.known_services");
        let spans = include_str!("queries/roll_spans.sql").replace("/* requests */", &requests);
        Self { db, rolled, written, reach, spans }
    }

    /// The touched traces as they are now, less what they were.
    fn difference(&self, slice: &Slice) -> Result<(), StoreError> {
        const TOUCHED: &str = "trace_id IN (SELECT trace_id FROM temp.touched_traces)";
        self.near(slice, include_str!("queries/roll_near.sql").replace("/* touched */ TRUE", TOUCHED), false)?;
        self.count(self.written, "calls, errors, faults, throttles")?;
        self.db.execute(include_str!("queries/roll_changed.sql"), [self.rolled])?;
        if self.db.query_row(OLD, [self.rolled], |row| row.get(0))? {
            self.count(self.rolled, "-calls, -errors, -faults, -throttles")?;
        }
        Ok(())
    }

    fn whole(&self, slice: &Slice) -> Result<(), StoreError> {
        self.near(slice, include_str!("queries/roll_near.sql").to_owned(), true)?;
        self.count(self.written, "calls, errors, faults, throttles")
    }

    fn near(&self, slice: &Slice, sql: String, whole: bool) -> Result<(), StoreError> {
        let (low, high) = around((slice.from, slice.to), self.reach);
        let asked = params![slice.from, slice.to, low, high, self.written, whole, slice.parts, slice.part];
        self.db.execute(&sql, asked)?;
        Ok(())
    }

    /// As they were when journal records up to `sequence` were written.
    fn count(&self, sequence: u64, numbers: &str) -> Result<(), StoreError> {
        self.db.execute(&self.spans, [sequence])?;
        for (table, rows, by) in [
            ("service_counts", SERVICE_ROWS, "minute, service, platform, entry, bucket"),
            ("edge_counts", EDGE_ROWS, "minute, caller_kind, caller, callee_kind, callee, way, bucket"),
        ] {
            let counted = format!(
                "INSERT INTO temp.{table} SELECT {by}, {numbers} FROM ({rows}) AS counted({by}, calls, errors, faults, throttles)"
            );
            self.db.execute_batch(&counted)?;
        }
        Ok(())
    }
}

/// What is gathered at a time: the spans begun from `from` to `to` (ns), and of them the `part`th of `parts` parts of all traces.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Slice {
    from: i64,
    to: i64,
    parts: u64,
    part: u64,
}

fn seconds<P: duckdb::Params>(db: &Connection, sql: &str, asked: P) -> Result<Vec<(i64, u64)>, StoreError> {
    let mut statement = db.prepare(sql)?;
    let seconds = statement.query_map(asked, |row| Ok((row.get("second")?, row.get("spans")?)))?;
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

    /// As if nothing had been counted.
    fn forget(db: &Connection) {
        db.execute_batch("DELETE FROM service_minutes; DELETE FROM edge_minutes; DELETE FROM counted_minutes").unwrap();
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
                forget(&db);
                compute(&db, 0, 1, divided);
                assert_eq!(minutes(&db), at_once, "{apart} ns apart, divided by {divided}");
            }
        }
    }

    #[test]
    fn what_new_parents_and_children_change_is_counted() {
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
        forget(&db);
        compute(&db, 0, 4, 1);
        assert_eq!(minutes(&db), step_by_step);
    }

    #[test]
    fn minutes_counted_step_by_step_say_what_they_say_counted_at_once_in_whatever_order_spans_come() {
        for (apart, seed) in [(700_000_000, 1), (10_000_000_000, 2), (600_000_000_000, 3), (1_000, 4)] {
            let db = traces(apart);
            db.execute(
                "UPDATE span_rows SET sequence = 1 + hash(trace_id, span_id, $1::UINTEGER) % 8,
                    remote_kind = CASE WHEN span_id = 'd' THEN 'external' ELSE remote_kind END",
                [seed],
            )
            .unwrap();
            for end in 1..=8 {
                // From here on what was called is one of ours: a minute that was counted otherwise is counted anew when the next span comes.
                if end == 5 && apart < 60_000_000_000 {
                    db.execute_batch(
                        "INSERT INTO resource_rows BY NAME SELECT 7 AS resource_id, 'dynamodb' AS service, 'ecs' AS platform, '' AS schema_url, 0 AS dropped_attributes_count,
                            make_timestamp_ns(0) AS first_seen",
                    )
                    .unwrap();
                }
                compute(&db, end - 1, end, if seed == 2 { 4 } else { 1 });
            }
            let step_by_step = minutes(&db);
            forget(&db);
            compute(&db, 0, 8, 1);
            assert_eq!(step_by_step, minutes(&db), "{apart} ns apart");
        }
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
