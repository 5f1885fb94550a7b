//! The newest traces of a long time. Its end mostly has as many as are asked for, and then the rest is only looked at for whether they began
//! there.

use std::collections::HashSet;

use coldlight_model::{TimeRange, Timestamp, TraceId};
use duckdb::types::Value as Sql;
use duckdb::{Connection, params_from_iter};

use super::condition::Conditions;
use super::places::{at, conditions_at, place_of};
use super::traces::{Found, TraceSearch, page};
use crate::error::StoreError;
use crate::rows;

/// The last one of so many parts of the time is looked at first, then more of it.
const PARTS: [u64; 2] = [64, 8];

/// The ids of one page, of spans at `place`, and where the spans of those traces can be; or nothing where all of the time has to be looked at.
pub(super) fn newest(
    db: &Connection,
    search: &TraceSearch,
    place: &str,
    limit: usize,
) -> Result<Option<(Found, String)>, StoreError> {
    let TimeRange { from: first, to } = search.range;
    // What follows a trace began when it did, or before.
    let end = search.after.map_or(to, |cursor| Timestamp::from_sql(cursor.value).plus(1).min(to));
    for parts in PARTS {
        let from = end.minus(search.range.length() / parts);
        if from <= first {
            return Ok(None);
        }
        let late = TraceSearch { range: TimeRange { from, to: end }, ..search.clone() };
        let mut found = page(db, &late, place, 2 * limit)?;
        if found.len() < limit {
            continue;
        }
        let ids: Vec<TraceId> = found.iter().map(|(id, _)| *id).collect();
        let of_them = place_of(db, &ids)?;
        let before = conditions_at(place, TimeRange { from: first, to: from }, &search.filter);
        let earlier = begun(db, before, &of_them, &ids)?;
        found.retain(|(id, _)| !earlier.contains(id));
        if found.len() >= limit {
            found.truncate(limit);
            return Ok(Some((found, of_them)));
        }
    }
    Ok(None)
}

/// Which of the traces, whose spans are at `of_them`, have one that `conditions` hold of.
fn begun(
    db: &Connection,
    conditions: Conditions,
    of_them: &str,
    ids: &[TraceId],
) -> Result<HashSet<TraceId>, StoreError> {
    let sql = at(of_them, &conditions.fill(include_str!("traces_begun.sql")));
    let ids = ids.iter().map(TraceId::to_hex).collect::<Vec<_>>().join(",");
    let params = conditions.params.into_iter().chain([Sql::Text(ids)]);
    let mut statement = db.prepare(&sql)?;
    let ids = statement.query_map(params_from_iter(params), |row| rows::trace_id(row, "trace_id"))?;
    Ok(ids.collect::<Result<_, _>>()?)
}
