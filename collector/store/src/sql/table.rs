//! A question's rows as cells.

use coldlight_model::{Cell, Column, Table};
use duckdb::Connection;
use duckdb::types::Value as Sql;

use crate::error::StoreError;

/// Runs an admitted question and reads at most `max_rows` rows.
pub(crate) fn read(db: &Connection, text: &str, max_rows: usize) -> Result<Table, StoreError> {
    let columns = columns(db, text)?;
    // Types that have no form of their own come as DuckDB's text for them. Columns are named by position, not by name:
    // a question may give two of them the same one.
    let cells: Vec<String> =
        columns
            .iter()
            .enumerate()
            .map(|(index, column)| {
                if is_plain(&column.sql_type) { format!("#{}", index + 1) } else { format!("#{}::VARCHAR", index + 1) }
            })
            .collect();
    let sql = format!("SELECT {} FROM (\n{text}\n) LIMIT {}", cells.join(", "), max_rows.saturating_add(1));
    let mut statement = db.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut table = Table { columns, ..Table::default() };
    while let Some(row) = rows.next()? {
        if table.rows.len() == max_rows {
            table.cut_off = true;
            break;
        }
        let cells = (0..table.columns.len()).map(|index| row.get(index).map(cell));
        table.rows.push(cells.collect::<Result<_, _>>()?);
    }
    Ok(table)
}

fn columns(db: &Connection, text: &str) -> Result<Vec<Column>, StoreError> {
    let mut statement = db.prepare(&format!("DESCRIBE (\n{text}\n)"))?;
    let columns = statement.query_map([], |row| Ok(Column { name: row.get(0)?, sql_type: row.get(1)? }))?;
    Ok(columns.collect::<Result<_, _>>()?)
}

fn is_plain(sql_type: &str) -> bool {
    matches!(
        sql_type,
        "BOOLEAN"
            | "TINYINT"
            | "SMALLINT"
            | "INTEGER"
            | "BIGINT"
            | "HUGEINT"
            | "UTINYINT"
            | "USMALLINT"
            | "UINTEGER"
            | "UBIGINT"
            | "FLOAT"
            | "DOUBLE"
            | "VARCHAR"
    )
}

fn cell(value: Sql) -> Cell {
    match value {
        Sql::Null => Cell::Null,
        Sql::Boolean(value) => Cell::Bool(value),
        Sql::TinyInt(value) => Cell::Int(value.into()),
        Sql::SmallInt(value) => Cell::Int(value.into()),
        Sql::Int(value) => Cell::Int(value.into()),
        Sql::BigInt(value) => Cell::Int(value.into()),
        Sql::HugeInt(value) => Cell::Int(value),
        Sql::UTinyInt(value) => Cell::Int(value.into()),
        Sql::USmallInt(value) => Cell::Int(value.into()),
        Sql::UInt(value) => Cell::Int(value.into()),
        Sql::UBigInt(value) => Cell::Int(value.into()),
        Sql::Float(value) => Cell::Double(value.into()),
        Sql::Double(value) => Cell::Double(value),
        Sql::Text(text) => Cell::Text(text),
        other => Cell::Text(format!("{other:?}")),
    }
}
