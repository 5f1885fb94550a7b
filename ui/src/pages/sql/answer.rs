//! The answer as a table: numbers to the right, ids and functions as links, a bar where it is one number for each name.

use coldlight_model::{Cell, Table, TraceId};

use super::chart;
use crate::format::{counted, number};
use crate::invocations::state::function_path;
use crate::query::Link;
use crate::text::Text;

/// A page stays readable, and within its budget.
const MOST_CELLS: usize = 2_000;
const MOST_BYTES: usize = 60_000;
/// More bars than this say no more.
const MOST_BARS: usize = 60;

pub(super) struct Shown {
    pub note: String,
    pub heads: Vec<Head>,
    pub rows: Vec<Row>,
    pub has_bars: bool,
}

pub(super) struct Head {
    pub name: String,
    pub sql_type: String,
    pub is_right: bool,
}

pub(super) struct Row {
    pub cells: Vec<Shade>,
    /// Of the longest bar, in percent.
    pub bar: Option<String>,
}

/// One cell.
pub(super) struct Shade {
    pub text: Text,
    pub href: Option<String>,
    pub is_right: bool,
    pub is_null: bool,
}

/// `24 rows`, or that there are more.
pub(super) fn rows(table: &Table) -> String {
    let rows = counted(table.rows.len() as u64, "row", "rows");
    if table.cut_off { format!("{rows}, and there are more") } else { rows }
}

pub(super) fn shown(table: &Table) -> Shown {
    let heads: Vec<Head> = table
        .columns
        .iter()
        .map(|column| Head {
            name: crate::text::cut(&column.name, 80),
            sql_type: crate::text::cut(&column.sql_type, 200),
            is_right: is_number(&column.sql_type),
        })
        .collect();
    let lengths = bars(table);
    let digits: Vec<usize> = (0..heads.len()).map(|at| digits(table, at)).collect();
    let mut bytes = 0;
    let mut rows = Vec::new();
    for (at, row) in table.rows.iter().enumerate() {
        let cells: Vec<Shade> =
            row.iter().zip(&heads).zip(&digits).map(|((value, head), digits)| cell(value, head, *digits)).collect();
        bytes += cells.iter().map(size).sum::<usize>();
        if at > 0 && (bytes > MOST_BYTES || (at + 1) * heads.len() > MOST_CELLS) {
            break;
        }
        rows.push(Row { cells, bar: lengths.as_ref().and_then(|lengths| lengths.get(at).cloned()) });
    }
    let note = match (rows.len() < table.rows.len(), table.cut_off) {
        (false, false) => String::new(),
        (false, true) => format!("The first {}; CSV, JSON and Parquet hold up to 100,000.", rows.len()),
        (true, _) => format!("The first {} are shown; CSV, JSON and Parquet hold up to 100,000.", rows.len()),
    };
    Shown { note, heads, has_bars: lengths.is_some(), rows }
}

fn size(cell: &Shade) -> usize {
    40 + cell.text.shown.len()
        + cell.text.whole.as_ref().map_or(0, String::len)
        + cell.href.as_ref().map_or(0, String::len)
}

/// DuckDB's names of numeric types; decimals come as text.
pub(super) fn is_number(sql_type: &str) -> bool {
    sql_type.ends_with("INT")
        || sql_type == "INTEGER"
        || sql_type == "UINTEGER"
        || matches!(sql_type, "DOUBLE" | "FLOAT")
        || sql_type.starts_with("DECIMAL")
}

fn cell(value: &Cell, head: &Head, digits: usize) -> Shade {
    let text = match value {
        Cell::Null => String::new(),
        Cell::Bool(value) => value.to_string(),
        Cell::Int(int) => int.to_string(),
        Cell::Double(double) => format!("{double:?}").trim_end_matches(".0").to_owned(),
        Cell::Text(text) if head.is_right => short(text, digits).to_owned(),
        Cell::Text(text) => text.clone(),
    };
    let href = if matches!(value, Cell::Text(_)) { link(&head.name, &text) } else { None };
    Shade { text: Text::new(&text), href, is_right: head.is_right, is_null: *value == Cell::Null }
}

/// Digits behind the point that any decimal of a column needs.
fn digits(table: &Table, at: usize) -> usize {
    let needed = |row: &Vec<Cell>| match row.get(at) {
        Some(Cell::Text(text)) => text.split_once('.').map_or(0, |(_, behind)| behind.trim_end_matches('0').len()),
        _ => 0,
    };
    table.rows.iter().map(needed).max().unwrap_or(0)
}

/// A decimal without the zeros at its end that its whole column has: the same number, and points stand below each other.
fn short(decimal: &str, digits: usize) -> &str {
    match decimal.split_once('.') {
        Some((before, _)) if digits == 0 => before,
        Some((before, _)) => decimal.get(..before.len() + 1 + digits).unwrap_or(decimal),
        None => decimal,
    }
}

/// Where a value leads: a trace, a function, or whatever an id is found to be.
fn link(column: &str, text: &str) -> Option<String> {
    if text.is_empty() || text.len() > 200 {
        return None;
    }
    if text.len() == 32 && TraceId::from_hex(text).is_some() {
        return Some(format!("/traces/{}", text.to_ascii_lowercase()));
    }
    match column {
        "function" => Some(function_path(text)),
        "request_id" | "invocation_id" | "span_id" | "parent_span_id" => {
            Some(Link::to("/go").with("q", text).to_string())
        }
        _ => None,
    }
}

/// What a cell is in a drawing: NULL is nothing, below zero there is no drawing.
pub(super) fn value(cell: &Cell) -> Option<f64> {
    let value = match cell {
        Cell::Null => 0.0,
        Cell::Int(int) => *int as f64,
        Cell::Double(double) => *double,
        Cell::Text(text) => text.parse().ok()?,
        Cell::Bool(_) => return None,
    };
    (value.is_finite() && value >= 0.0).then_some(value)
}

/// A name and one number: lengths of bars in percent. Times have columns, see [`super::chart`].
fn bars(table: &Table) -> Option<Vec<String>> {
    let [name, amount] = table.columns.as_slice() else { return None };
    if is_number(&name.sql_type)
        || chart::is_time(&name.sql_type)
        || !is_number(&amount.sql_type)
        || !(2..=MOST_BARS).contains(&table.rows.len())
    {
        return None;
    }
    let values: Option<Vec<f64>> = table.rows.iter().map(|row| value(row.get(1)?)).collect();
    let values = values?;
    let most = values.iter().copied().fold(0.0, f64::max);
    (most > 0.0).then(|| values.iter().map(|value| number(value / most * 100.0)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldlight_model::Column;

    fn table(columns: &[(&str, &str)], rows: Vec<Vec<Cell>>) -> Table {
        let columns = columns.iter().map(|(name, kind)| Column { name: (*name).into(), sql_type: (*kind).into() });
        Table { columns: columns.collect(), rows, ..Table::default() }
    }

    #[test]
    fn ids_and_functions_lead_somewhere_and_other_text_does_not() {
        let trace = "0af7651916cd43dd8448eb211c80319c";
        assert_eq!(link("x", trace).unwrap(), format!("/traces/{trace}"));
        assert_eq!(link("x", &"0".repeat(32)), None);
        assert_eq!(link("function", "a/b").unwrap(), "/functions/a%2Fb");
        assert_eq!(link("request_id", "6f7f").unwrap(), "/go?q=6f7f");
        assert_eq!(link("service", "checkout"), None);
    }

    #[test]
    fn a_column_of_money_loses_the_zeros_that_all_of_it_has() {
        let column = |texts: &[&str]| {
            let rows = texts.iter().map(|text| vec![Cell::Text((*text).into())]).collect();
            let shown = shown(&table(&[("usd", "DECIMAL(38,18)")], rows));
            shown.rows.into_iter().map(|mut row| row.cells.remove(0).text.shown).collect::<Vec<_>>()
        };
        assert_eq!(column(&["0.000500000", "12.010000000", "-0.100000000"]), ["0.0005", "12.0100", "-0.1000"]);
        assert_eq!(column(&["100", "7"]), ["100", "7"]);
        assert_eq!(column(&["10.00", "0.00"]), ["10", "0"]);
    }

    #[test]
    fn one_number_for_each_name_is_drawn() {
        let row = |name: &str, value: &str| vec![Cell::Text(name.into()), Cell::Text(value.into())];
        let answer = table(&[("service", "VARCHAR"), ("usd", "DECIMAL(38,6)")], vec![row("a", "2.0"), row("b", "0.5")]);
        let shown = shown(&answer);
        let bars: Vec<_> = shown.rows.iter().map(|row| row.bar.as_deref().unwrap()).collect();
        assert_eq!(bars, ["100", "25"]);
        assert!(shown.heads[1].is_right && !shown.heads[0].is_right);
    }

    #[test]
    fn many_cells_are_cut_and_the_page_says_so() {
        let rows = (0..500).map(|n| (0..10).map(|at| Cell::Int(n * at)).collect()).collect();
        let columns: Vec<(&str, &str)> = vec![("n", "BIGINT"); 10];
        let shown = shown(&table(&columns, rows));
        assert!((50..=200).contains(&shown.rows.len()), "{}", shown.rows.len());
        assert!(shown.note.contains(&format!("first {}", shown.rows.len())), "{}", shown.note);
    }
}
