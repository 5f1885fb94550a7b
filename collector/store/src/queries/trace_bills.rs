//! What the invocations and the metered calls of some traces cost, for lists of traces and for the cost of one.

use coldlight_model::TraceId;
use coldlight_model::money::Usd;
use duckdb::{Connection, params};

use super::places::at;
use crate::error::StoreError;
use crate::rows::{self, whole};

/// Begun in the time that is asked for; cold starts and costs of each trace.
pub(super) const OF_INVOCATIONS: &str = include_str!("trace_bills.sql");
/// Made in the time that is asked for; no cold starts.
pub(super) const OF_CALLS: &str = include_str!("trace_call_bills.sql");

/// Of one trace.
pub(super) struct Bill {
    pub cold: u64,
    /// How many are in no sum.
    pub unpriced: u64,
    /// `None` where none has a price.
    pub cost: Option<Usd>,
}

/// By each of `ids` (as `trace_summaries.sql` takes them) that has any, from `from` to `to` in ns; its spans lie at `place`.
pub(super) fn bills(
    db: &Connection,
    question: &str,
    place: &str,
    ids: &str,
    [from, to]: [i64; 2],
) -> Result<Vec<(TraceId, Bill)>, StoreError> {
    let mut statement = db.prepare(&at(place, question))?;
    let bills = statement.query_map(params![ids, from, to], |row| {
        let count = |name| whole(row, name).map(Option::unwrap_or_default);
        let cost = row.get::<_, Option<i128>>("cost_attos")?.and_then(Usd::from_attos);
        Ok((rows::trace_id(row, "trace_id")?, Bill { cold: count("cold")?, unpriced: count("unpriced")?, cost }))
    })?;
    Ok(bills.collect::<Result<_, _>>()?)
}
