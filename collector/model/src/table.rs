//! The answer to a free SQL question: typed columns, rows of cells.

use crate::Timestamp;

/// A table as SQL returned it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Cell>>,
    /// There was at least one row more than the limit.
    pub cut_off: bool,
    /// Of when the rows are, where they come from a copy of the data; else they are of the moment of asking.
    pub as_of: Option<Timestamp>,
}

/// A column's name and DuckDB's name of its type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column {
    pub name: String,
    pub sql_type: String,
}

/// One value. Types without a form of their own (times, decimals, lists, structs, variants) are DuckDB's text for them.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Null,
    Bool(bool),
    Int(i128),
    Double(f64),
    Text(String),
}
