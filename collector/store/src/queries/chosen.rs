//! The traces that the map of a filter is drawn from, and that its figures and its money are of.

use coldlight_model::{Filter, TimeRange};
use duckdb::types::Value as Sql;
use duckdb::{Connection, params_from_iter};

use super::places::conditions_with_places;
use crate::error::StoreError;

/// The newest so many.
pub(super) const MOST_TRACES: u64 = 20_000;
/// And the longest time that such a question looks at.
const LONGEST: u64 = 24 * 3_600_000_000_000;

/// What the traces of a filter are looked for in: the end of `range`.
pub(super) fn lately(range: TimeRange) -> TimeRange {
    TimeRange { from: range.from.max(range.to.minus(LONGEST)), to: range.to }
}

/// Asks while the table `chosen` of this connection names the newest traces with a span that all of the filter's conditions hold of.
pub(super) fn among<T>(
    db: &Connection,
    range: TimeRange,
    filter: &Filter,
    ask: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let conditions = conditions_with_places(db, range, filter)?;
    let choose = conditions.fill(include_str!("chosen_traces.sql"));
    let mut params = conditions.params;
    params.push(Sql::BigInt(MOST_TRACES as i64));
    db.execute(&choose, params_from_iter(params))?;
    let answer = ask();
    // The connection goes back to the others, and memory too.
    db.execute_batch("DROP TABLE IF EXISTS temp.chosen")?;
    answer
}
