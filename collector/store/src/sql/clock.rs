//! The clock that a question sees: the program's own, in UTC, standing still while the question runs.

use coldlight_model::Timestamp;
use duckdb::Connection;

use crate::error::StoreError;

/// Sets the time of the question that runs next on `db`, and makes its macros when they are not there yet.
pub(crate) fn set(db: &Connection, now: Timestamp) -> Result<(), StoreError> {
    let made: bool =
        db.prepare_cached("SELECT getvariable('coldlight_now') IS NOT NULL")?.query_row([], |row| row.get(0))?;
    // Nanoseconds of our own: a number, no text of a user's.
    db.execute_batch(&format!("SET VARIABLE coldlight_now = make_timestamp_ns({})", now.nanos()))?;
    if !made {
        db.execute_batch(include_str!("clock.sql"))?;
    }
    Ok(())
}
