//! Rows of `invocation_rows`: every request that new spans or platform records speak of is told anew, whole.
//!
//! Like the rollups of the map this is idempotent: a late report, a span that came twice, a crash in between change nothing. The
//! telling itself is `model::lambda::invocations`; here its sightings are fetched and what it found is kept.

use std::collections::BTreeMap;

use coldlight_model::Timestamp;
use coldlight_model::lambda::{Sightings, invocations};
use duckdb::Connection;

use crate::error::StoreError;
use crate::handed::Handed;
use crate::reach::{LAST, OF_INVOCATIONS, around, reach};
use crate::rows::{Attempt, attempt_columns, function_span_from_row, platform_from_row};

/// A range of time (ns) with nothing in it.
const NOWHERE: Times = (1, 0);

/// The requests that are told of with these records: each once, for all there is of it by now is read.
const TOUCHED: &str =
    "CREATE OR REPLACE TEMP TABLE touched AS SELECT request_id FROM temp.touching WHERE sequence > ? AND sequence <= ?";

/// When the first of the spans that tell of requests begins and the last ends.
const INVOKING: &str = "SELECT epoch_ns(min(started_at)),
        max(epoch_ns(started_at) + least(duration_ns, 9223368000000000000 - epoch_ns(started_at)))
    FROM temp.invoking";

/// What is known of a request.
#[derive(Default)]
struct Request {
    sightings: Sightings,
    /// Whose platform records; 0: nobody's.
    resource_id: u64,
    version: Option<String>,
}

/// When something happened first and last (ns).
type Times = (i64, i64);

/// Tells of what came with journal records after `told` up to `end`, at a time as far as `until` says. In the caller's transaction.
pub(crate) fn tell(
    db: &Connection,
    told: u64,
    end: u64,
    until: impl Fn(u64) -> Result<u64, StoreError>,
) -> Result<(), StoreError> {
    if let Some(seen) = first_and_last(db, include_str!("queries/touched_between.sql"), [told, end])? {
        let around = around(seen, reach(db, seen, &OF_INVOCATIONS)?);
        let asked = duckdb::params![told, end, around.0, around.1];
        db.execute(include_str!("queries/touched_requests.sql"), asked)?;
        // All rows around are looked through once, and then only those between the first and the last that count.
        let mut within = first_and_last(db, include_str!("queries/touched_when.sql"), [around.0, around.1])?;
        let mut from = told;
        while from < end {
            let to = until(from)?;
            db.execute(TOUCHED, [from, to])?;
            tell_touched(db, around, &mut within)?;
            from = to;
        }
        db.execute_batch("DROP TABLE temp.touching; DROP TABLE temp.touched; DROP TABLE temp.invoking")?;
    }
    db.execute("UPDATE invoked SET sequence = ?", [end])?;
    Ok(())
}

fn first_and_last<P: duckdb::Params>(db: &Connection, question: &str, asked: P) -> Result<Option<Times>, StoreError> {
    let found = db.query_row(question, asked, |row| Ok(row.get::<_, Option<i64>>(0)?.zip(row.get(1)?)))?;
    Ok(found)
}

/// Tells of the touched requests. `around` is where platform records are looked for, `within` where spans and invocations are.
fn tell_touched(db: &Connection, around: Times, within: &mut Option<Times>) -> Result<(), StoreError> {
    let (low, high) = within.unwrap_or(NOWHERE);
    db.execute(include_str!("queries/invoking.sql"), [low, high])?;
    let requests = requests(db, around)?;
    db.execute(include_str!("queries/dirty_invocations.sql"), [low, high])?;
    db.execute(include_str!("queries/forget_invocations.sql"), [low, high])?;
    if let Some((first, last)) = keep(db, &requests)? {
        db.execute(include_str!("queries/dirty_invocations.sql"), [first, last])?;
        *within = Some(within.map_or((first, last), |(low, high)| (low.min(first), high.max(last))));
    }
    Ok(())
}

fn requests(db: &Connection, around: Times) -> Result<BTreeMap<String, Request>, StoreError> {
    let mut requests: BTreeMap<String, Request> = BTreeMap::new();
    let mut statement = db.prepare(include_str!("queries/spans_of_invocations.sql"))?;
    for found in statement.query_map([], function_span_from_row)? {
        let (id, span) = found?;
        requests.entry(id).or_default().sightings.spans.push(span);
    }
    let mut statement = db.prepare(include_str!("queries/calls_of_invocations.sql"))?;
    let (first, last) = first_and_last(db, INVOKING, [])?.unwrap_or(NOWHERE);
    let mut rows = statement.query([first, last.min(LAST)])?;
    while let Some(row) = rows.next()? {
        let (from, to) = (Timestamp::from_sql(row.get("from_ns")?), Timestamp::from_sql(row.get("to_ns")?));
        requests.entry(row.get("invocation_id")?).or_default().sightings.calls.push((from, to));
    }
    let mut statement = db.prepare(include_str!("queries/platform_of_invocations.sql"))?;
    let mut rows = statement.query([around.0, around.1])?;
    while let Some(row) = rows.next()? {
        let Some((resource_id, at, said)) = platform_from_row(row)? else { continue };
        let request = requests.entry(row.get("request_id")?).or_default();
        if row.get("is_init")? {
            request.sightings.inits.push((at, said));
        } else {
            request.resource_id = resource_id;
            request.version = request.version.take().or_else(|| said.version.clone());
            request.sightings.records.push((at, said));
        }
    }
    Ok(requests)
}

/// Keeps what is told of them; says when the first and the last began.
fn keep(db: &Connection, requests: &BTreeMap<String, Request>) -> Result<Option<Times>, StoreError> {
    let mut began: Option<Times> = None;
    let attempts = requests.iter().flat_map(|(id, request)| {
        invocations(&request.sightings).into_iter().map(|invocation| Attempt {
            request_id: id,
            resource_id: request.resource_id,
            version: request.version.as_deref(),
            invocation,
        })
    });
    let columns = attempt_columns(attempts.inspect(|attempt| {
        let at = attempt.invocation.started_at.nanos();
        began = Some(began.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
    }));
    if columns.num_rows() > 0 {
        let handed = Handed::new(columns);
        db.prepare(include_str!("queries/tell_invocations.sql"))?.execute([handed.token()])?;
    }
    Ok(began)
}
