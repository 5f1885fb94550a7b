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
use crate::reach::{OF_INVOCATIONS, around, reach};
use crate::rows::{Attempt, attempt_columns, function_span_from_row, platform_from_row};

/// What is known of a request.
#[derive(Default)]
struct Request {
    sightings: Sightings,
    /// Whose platform records; 0: nobody's.
    resource_id: u64,
    version: Option<String>,
}

/// Tells of what came with journal records after `told`, up to `written`. In the caller's transaction.
pub(crate) fn tell(db: &Connection, told: u64, written: u64) -> Result<(), StoreError> {
    let seen: Option<(i64, i64)> =
        db.query_row(include_str!("queries/touched_between.sql"), [told, written], |row| {
            Ok(row.get::<_, Option<i64>>("first_ns")?.zip(row.get("last_ns")?))
        })?;
    if let Some(seen) = seen {
        let (low, high) = around(seen, reach(db, seen, &OF_INVOCATIONS)?);
        db.execute(include_str!("queries/touched_requests.sql"), duckdb::params![told, written, low, high])?;
        db.execute(include_str!("queries/invoking.sql"), [low, high])?;
        let requests = requests(db, low, high)?;
        db.execute(include_str!("queries/dirty_invocations.sql"), [low, high])?;
        db.execute(include_str!("queries/forget_invocations.sql"), [low, high])?;
        keep(db, &requests)?;
        db.execute(include_str!("queries/dirty_invocations.sql"), [low, high])?;
        db.execute_batch("DROP TABLE temp.touched; DROP TABLE temp.invoking")?;
    }
    db.execute("UPDATE invoked SET sequence = ?", [written])?;
    Ok(())
}

fn requests(db: &Connection, low: i64, high: i64) -> Result<BTreeMap<String, Request>, StoreError> {
    let mut requests: BTreeMap<String, Request> = BTreeMap::new();
    let mut statement = db.prepare(include_str!("queries/spans_of_invocations.sql"))?;
    for found in statement.query_map([], function_span_from_row)? {
        let (id, span) = found?;
        requests.entry(id).or_default().sightings.spans.push(span);
    }
    let mut statement = db.prepare(include_str!("queries/calls_of_invocations.sql"))?;
    let mut rows = statement.query([low, high])?;
    while let Some(row) = rows.next()? {
        let (from, to) = (Timestamp::from_sql(row.get("from_ns")?), Timestamp::from_sql(row.get("to_ns")?));
        requests.entry(row.get("invocation_id")?).or_default().sightings.calls.push((from, to));
    }
    let mut statement = db.prepare(include_str!("queries/platform_of_invocations.sql"))?;
    let mut rows = statement.query([low, high])?;
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

fn keep(db: &Connection, requests: &BTreeMap<String, Request>) -> Result<(), StoreError> {
    let attempts = requests.iter().flat_map(|(id, request)| {
        invocations(&request.sightings).into_iter().map(|invocation| Attempt {
            request_id: id,
            resource_id: request.resource_id,
            version: request.version.as_deref(),
            invocation,
        })
    });
    let columns = attempt_columns(attempts);
    if columns.num_rows() > 0 {
        let handed = Handed::new(columns);
        db.prepare(include_str!("queries/tell_invocations.sql"))?.execute([handed.token()])?;
    }
    Ok(())
}
