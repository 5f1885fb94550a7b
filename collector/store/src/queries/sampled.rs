//! How many traces stand for more than themselves, as their roots say.

use coldlight_model::sampling::Sampled;
use coldlight_model::{Filter, TimeRange};
use duckdb::types::Value as Sql;
use duckdb::{Connection, params_from_iter};

use super::places::conditions_with_places;
use crate::error::StoreError;

/// Of the traces that began in `range` and have a span in it that `filter` holds of.
pub(super) fn sampled(db: &Connection, range: TimeRange, filter: &Filter) -> Result<Sampled, StoreError> {
    let mut params = vec![Sql::BigInt(range.from.nanos()), Sql::BigInt(range.to.nanos())];
    let mut sql = include_str!("sampled.sql").to_owned();
    if !filter.is_empty() {
        let conditions = conditions_with_places(db, range, filter)?;
        let found = conditions.fill("AND trace_id IN (SELECT trace_id FROM span_rows WHERE TRUE /* conditions */)");
        sql = sql.replace("/* traces */", &found);
        params.extend(conditions.params);
    }
    let told = db.query_row(&sql, params_from_iter(params), |row| {
        let beyond: i128 = row.get("beyond")?;
        Ok(Sampled::beyond(row.get::<_, i64>("kept")?.unsigned_abs(), beyond.unsigned_abs()))
    })?;
    Ok(told)
}
