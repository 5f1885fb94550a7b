//! The answer of `POST /api/v1/sql`, as a story reads it.

use serde_json::Value;

/// Columns by name, rows of JSON values.
#[derive(Clone, Debug, Default)]
pub struct Table {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Value>>,
    pub cut_off: bool,
}

impl Table {
    /// Reads the JSON answer; `Err` says what is missing.
    pub fn from_json(answer: &Value) -> Result<Self, String> {
        let missing = |what: &str| format!("no {what} in {answer}");
        let columns = answer["columns"].as_array().ok_or_else(|| missing("columns"))?;
        let columns = columns.iter().map(|column| column["name"].as_str().unwrap_or_default().to_owned()).collect();
        let rows = answer["rows"].as_array().ok_or_else(|| missing("rows"))?;
        let rows =
            rows.iter().map(|row| row.as_array().cloned().ok_or_else(|| missing("row"))).collect::<Result<_, _>>()?;
        Ok(Self { columns, rows, cut_off: answer["cut_off"].as_bool().unwrap_or(false) })
    }

    /// The single number of a one-row, one-column answer.
    #[track_caller]
    pub fn number(&self) -> i64 {
        match self.rows.as_slice() {
            [row] if row.len() == 1 => number(&row[0]),
            _ => panic!("not one number: {self:?}"),
        }
    }

    /// The first column, as text.
    pub fn texts(&self) -> Vec<String> {
        self.rows.iter().map(|row| text(&row[0])).collect()
    }
}

/// A whole number, whether JSON carried it as a number or, being long, as text.
#[track_caller]
pub fn number(cell: &Value) -> i64 {
    let parsed = cell.as_i64().or_else(|| cell.as_str().and_then(|text| text.parse().ok()));
    parsed.unwrap_or_else(|| panic!("not a whole number: {cell}"))
}

/// The text of a cell; `null` is empty.
pub fn text(cell: &Value) -> String {
    match cell {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
