//! A question's rows as cells.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use coldlight_model::{Cell, Column, Table};
use duckdb::Connection;

use crate::error::StoreError;

/// Most bytes of text in one answer; rows beyond are cut off like those beyond `max_rows`.
pub(super) const MOST_BYTES: usize = 64 << 20;

/// Runs an admitted question and reads at most `max_rows` rows, as they come: the answer is never whole in DuckDB's memory.
pub(crate) fn read(db: &Connection, text: &str, max_rows: usize) -> Result<Table, StoreError> {
    let columns = columns(db, text)?;
    // Types that have no form of their own come as DuckDB's text for them. Columns are named by position, not by name:
    // a question may give two of them the same one.
    let cells: Vec<String> = columns.iter().enumerate().map(|(index, column)| cell_sql(index + 1, column)).collect();
    let sql = format!("SELECT {} FROM (\n{text}\n) LIMIT {}", cells.join(", "), max_rows.saturating_add(1));
    let mut statement = db.prepare(&sql)?;
    let mut table = Table { columns, ..Table::default() };
    let mut bytes = 0;
    for batch in statement.stream_arrow([])? {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            if table.rows.len() == max_rows || bytes > MOST_BYTES {
                table.cut_off = true;
                return Ok(table);
            }
            let cells: Vec<Cell> = batch.columns().iter().map(|column| cell(column, row)).collect();
            bytes += cells.iter().map(size).sum::<usize>();
            table.rows.push(cells);
        }
    }
    Ok(table)
}

pub(super) fn columns(db: &Connection, text: &str) -> Result<Vec<Column>, StoreError> {
    let mut statement = db.prepare(&format!("DESCRIBE (\n{text}\n)"))?;
    let columns = statement.query_map([], |row| Ok(Column { name: row.get(0)?, sql_type: row.get(1)? }))?;
    Ok(columns.collect::<Result<_, _>>()?)
}

fn cell_sql(place: usize, column: &Column) -> String {
    if is_plain(&column.sql_type) { format!("#{place}") } else { format!("#{place}::VARCHAR") }
}

pub(super) fn is_plain(sql_type: &str) -> bool {
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

fn cell(column: &ArrayRef, row: usize) -> Cell {
    if column.is_null(row) {
        return Cell::Null;
    }
    match column.data_type() {
        DataType::Boolean => Cell::Bool(column.as_boolean().value(row)),
        DataType::Int8 => Cell::Int(column.as_primitive::<Int8Type>().value(row).into()),
        DataType::Int16 => Cell::Int(column.as_primitive::<Int16Type>().value(row).into()),
        DataType::Int32 => Cell::Int(column.as_primitive::<Int32Type>().value(row).into()),
        DataType::Int64 => Cell::Int(column.as_primitive::<Int64Type>().value(row).into()),
        DataType::UInt8 => Cell::Int(column.as_primitive::<UInt8Type>().value(row).into()),
        DataType::UInt16 => Cell::Int(column.as_primitive::<UInt16Type>().value(row).into()),
        DataType::UInt32 => Cell::Int(column.as_primitive::<UInt32Type>().value(row).into()),
        DataType::UInt64 => Cell::Int(column.as_primitive::<UInt64Type>().value(row).into()),
        // How DuckDB hands out HUGEINT.
        DataType::Decimal128(_, 0) => Cell::Int(column.as_primitive::<Decimal128Type>().value(row)),
        DataType::Float32 => Cell::Double(column.as_primitive::<Float32Type>().value(row).into()),
        DataType::Float64 => Cell::Double(column.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8 => Cell::Text(column.as_string::<i32>().value(row).to_owned()),
        DataType::LargeUtf8 => Cell::Text(column.as_string::<i64>().value(row).to_owned()),
        // NULL without a type; its validity is not always given.
        DataType::Null => Cell::Null,
        other => Cell::Text(format!("{other} has no text")),
    }
}

fn size(cell: &Cell) -> usize {
    match cell {
        Cell::Text(text) => text.len() + size_of::<Cell>(),
        _ => size_of::<Cell>(),
    }
}
