//! Matching spans by when they started and how long they took.

use coldlight_model::{Filter, Heat, HeatCell, TimeRange};
use duckdb::types::Value as Sql;
use duckdb::{Connection, params_from_iter};

use super::places::conditions_with_places;
use crate::Store;
use crate::error::StoreError;
use crate::rows::whole;

/// Slices of time, at most.
const MOST_COLUMNS: u32 = 1_000;

impl Store {
    /// How many spans that all conditions of `filter` hold of took how long, in `columns` slices of the range.
    pub async fn heat(&self, range: TimeRange, filter: Filter, columns: u32) -> Result<Heat, StoreError> {
        let columns = columns.clamp(1, MOST_COLUMNS);
        let step = range.length().div_ceil(u64::from(columns)).max(1);
        self.ask(move |db| {
            let cells = cells(db, range, &filter, step)?;
            let versions = versions(db, range, &filter)?;
            Ok(Heat { from: range.from, step, columns, cells, versions })
        })
        .await
    }
}

fn cells(db: &Connection, range: TimeRange, filter: &Filter, step: u64) -> Result<Vec<HeatCell>, StoreError> {
    let conditions = conditions_with_places(db, range, filter)?;
    let mut params = vec![Sql::BigInt(range.from.nanos()), Sql::BigInt(i64::try_from(step).unwrap_or(i64::MAX))];
    let sql = conditions.fill(include_str!("heat.sql"));
    params.extend(conditions.params);
    let mut statement = db.prepare(&sql)?;
    let cells = statement.query_map(params_from_iter(params), |row| {
        let count = |name| Ok::<u64, duckdb::Error>(whole(row, name)?.unwrap_or(0));
        Ok(HeatCell {
            column: u32::try_from(row.get::<_, i64>("slice")?).unwrap_or(0),
            bucket: row.get("bucket")?,
            spans: count("spans")?,
            errors: count("errors")?,
            throttles: count("throttles")?,
            faults: count("faults")?,
        })
    })?;
    Ok(cells.collect::<Result<_, _>>()?)
}

fn versions(db: &Connection, range: TimeRange, filter: &Filter) -> Result<Vec<String>, StoreError> {
    let conditions = conditions_with_places(db, range, filter)?;
    let mut statement = db.prepare(&conditions.fill(include_str!("heat_versions.sql")))?;
    let versions = statement.query_map(params_from_iter(conditions.params), |row| row.get("version"))?;
    Ok(versions.collect::<Result<_, _>>()?)
}
