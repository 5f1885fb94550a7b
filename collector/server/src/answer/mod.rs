//! A SQL answer as text: for a terminal, for a spreadsheet, for a program.
//!
//! The same three forms go over the API and out of `coldlight sql`, so that it does not matter who was asked.

mod csv;
mod form;
mod json;
mod terminal;

use coldlight_model::Table;

pub use form::{Form, Writer};

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Aligned columns to read
    #[default]
    Table,
    /// RFC 4180, one header line; NULL is empty
    Csv,
    /// One object: columns with their types, rows, and whether rows were cut off
    Json,
}

/// Rows answered when nobody said how many.
pub const DEFAULT_ROWS: u32 = 10_000;
/// The most rows anybody gets at once.
pub const MAX_ROWS: u32 = 100_000;

impl Format {
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Self::Table => "text/plain; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Json => "application/json",
        }
    }

    /// The whole answer, with a line feed at its end.
    pub fn write(self, table: &Table) -> String {
        match self {
            Self::Table => terminal::write(table),
            Self::Csv => csv::write(table),
            Self::Json => json::write(table),
        }
    }
}

/// The note for people that rows are missing: beyond the number asked for, or beyond what one answer holds.
pub fn cut_off_note(most: u32) -> String {
    format!(
        "rows are missing: {most} rows and 64 MiB of text are the most; ask for more with --max-rows, or for less with LIMIT or \
         fewer columns"
    )
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use coldlight_model::{Cell, Column};

    pub(crate) fn table(columns: &[(&str, &str)], rows: Vec<Vec<Cell>>) -> Table {
        let columns =
            columns.iter().map(|(name, sql_type)| Column { name: (*name).into(), sql_type: (*sql_type).into() });
        Table { columns: columns.collect(), rows, ..Table::default() }
    }
}
