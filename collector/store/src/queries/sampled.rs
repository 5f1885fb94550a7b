//! How many traces stand for more than themselves, as their roots say.

use coldlight_model::sampling::{Said, Sampled, stands_for};
use coldlight_model::{Filter, TimeRange};
use duckdb::types::Value as Sql;
use duckdb::{Connection, params_from_iter};

use super::condition::conditions;
use crate::error::StoreError;

/// Of the traces that began in `range` and have a span in it that `filter` holds of.
pub(super) fn sampled(db: &Connection, range: TimeRange, filter: &Filter) -> Result<Sampled, StoreError> {
    let mut params = vec![Sql::BigInt(range.from.nanos()), Sql::BigInt(range.to.nanos())];
    let mut sql = include_str!("sampled.sql").to_owned();
    if !filter.is_empty() {
        let conditions = conditions(range, filter);
        let found = conditions.fill("AND trace_id IN (SELECT trace_id FROM span_rows WHERE TRUE /* conditions */)");
        sql = sql.replace("/* traces */", &found);
        params.extend(conditions.params);
    }
    let mut statement = db.prepare(&sql)?;
    let told = statement.query_map(params_from_iter(params), |row| {
        let trace_state = format!("ot={}", row.get::<_, String>("said")?);
        let said = Said { trace_state: &trace_state, ..Said::default() };
        Ok((row.get::<_, i64>("traces")?.unsigned_abs(), stands_for(said).unwrap_or(0)))
    })?;
    Ok(Sampled::of(told.collect::<Result<Vec<_>, _>>()?))
}
