//! `{"columns":[{"name","type"}],"rows":[[…]],"cut_off":false}`.
//!
//! Whole numbers beyond 64 bits, NaN and the infinities are text: JSON readers would round or refuse them.

use coldlight_model::{Cell, Table};
use serde_json::{Value, json};

pub(super) fn write(table: &Table) -> String {
    let mut text = document(table).to_string();
    text.push('\n');
    text
}

fn document(table: &Table) -> Value {
    let columns: Vec<Value> =
        table.columns.iter().map(|column| json!({ "name": column.name, "type": column.sql_type })).collect();
    let rows: Vec<Value> = table.rows.iter().map(|row| row.iter().map(value).collect()).collect();
    json!({ "columns": columns, "rows": rows, "cut_off": table.cut_off })
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Bool(value) => Value::Bool(*value),
        Cell::Int(int) => match (i64::try_from(*int), u64::try_from(*int)) {
            (Ok(int), _) => int.into(),
            (_, Ok(int)) => int.into(),
            _ => int.to_string().into(),
        },
        Cell::Double(double) if double.is_finite() => (*double).into(),
        Cell::Double(double) => super::terminal::double(*double).into(),
        Cell::Text(text) => text.as_str().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::tests::table;

    #[test]
    fn numbers_stay_exact() {
        let rows =
            vec![vec![Cell::Int(i128::from(u64::MAX)), Cell::Int(i128::MAX), Cell::Double(f64::NAN), Cell::Null]];
        let columns = [("a", "UBIGINT"), ("b", "HUGEINT"), ("c", "DOUBLE"), ("d", "DATE")];
        let answer = document(&table(&columns, rows));
        assert_eq!(answer["rows"], json!([[u64::MAX, i128::MAX.to_string(), "NaN", null]]));
        assert_eq!(answer["columns"][1], json!({ "name": "b", "type": "HUGEINT" }));
        assert_eq!(answer["cut_off"], json!(false));
    }
}
