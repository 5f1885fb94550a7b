//! Aligned columns: numbers to the right, NULL spelled out, control characters escaped so that data cannot drive a terminal.

use coldlight_model::{Cell, Table};

/// A column is never drawn wider than this; longer text ends in `…`.
const MAX_WIDTH: usize = 120;

pub(super) fn write(table: &Table) -> String {
    let texts: Vec<Vec<String>> = table.rows.iter().map(|row| row.iter().map(text).collect()).collect();
    let names: Vec<String> = table.columns.iter().map(|column| shown(&column.name)).collect();
    let width = |at: usize| {
        let cells = texts.iter().filter_map(|row| row.get(at)).chain(names.get(at));
        cells.map(|text| text.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..names.len()).map(width).collect();
    let right: Vec<bool> = (0..names.len())
        .map(|at| {
            let mut cells =
                table.rows.iter().filter_map(|row| row.get(at)).filter(|cell| **cell != Cell::Null).peekable();
            is_number(&table.columns[at].sql_type)
                || cells.peek().is_some() && cells.all(|cell| matches!(cell, Cell::Int(_) | Cell::Double(_)))
        })
        .collect();

    let mut out = String::new();
    push_line(&mut out, &names, &widths, &right);
    let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    push_line(&mut out, &rules, &widths, &right);
    for row in &texts {
        push_line(&mut out, row, &widths, &right);
    }
    let rows = table.rows.len();
    out.push_str(&format!(
        "({rows} {}{})\n",
        if rows == 1 { "row" } else { "rows" },
        if table.cut_off { ", more were cut off" } else { "" }
    ));
    out
}

/// DuckDB's names of numeric types; decimals come as text and still align to the right.
fn is_number(sql_type: &str) -> bool {
    sql_type.ends_with("INT")
        || sql_type.ends_with("INTEGER")
        || matches!(sql_type, "DOUBLE" | "FLOAT")
        || sql_type.starts_with("DECIMAL")
}

/// The shortest text that reads back as the same number.
pub(super) fn double(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    format!("{value:?}")
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Null => "NULL".to_owned(),
        Cell::Bool(value) => value.to_string(),
        Cell::Int(int) => int.to_string(),
        Cell::Double(value) => double(*value),
        Cell::Text(text) => shown(text),
    }
}

/// Cut to the widest column, on one line, without characters that move a cursor or turn the text around.
fn shown(text: &str) -> String {
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == MAX_WIDTH - 1 && text.chars().nth(MAX_WIDTH).is_some() {
            out.push('…');
            break;
        }
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                out.push_str(&c.escape_unicode().to_string());
            }
            c => out.push(c),
        }
    }
    out
}

fn push_line(out: &mut String, cells: &[String], widths: &[usize], right: &[bool]) {
    let mut line = String::new();
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            line.push_str("  ");
        }
        let padding = " ".repeat(widths.get(at).copied().unwrap_or(0).saturating_sub(cell.chars().count()));
        if right.get(at).copied().unwrap_or(false) {
            line.push_str(&padding);
            line.push_str(cell);
        } else {
            line.push_str(cell);
            line.push_str(&padding);
        }
    }
    out.push_str(line.trim_end());
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::tests::table;

    #[test]
    fn numbers_align_to_the_right_and_null_is_shown() {
        let rows = vec![
            vec![Cell::Text("checkout".into()), Cell::Int(7), Cell::Text("1.250".into())],
            vec![Cell::Null, Cell::Int(1234), Cell::Null],
        ];
        let columns = [("service", "VARCHAR"), ("n", "BIGINT"), ("usd", "DECIMAL(38,18)")];
        assert_eq!(
            write(&table(&columns, rows)),
            "service      n    usd\n--------  ----  -----\ncheckout     7  1.250\nNULL      1234   NULL\n(2 rows)\n"
        );
    }

    #[test]
    fn an_answer_without_rows_still_names_its_columns() {
        assert_eq!(write(&table(&[("a", "DATE")], vec![])), "a\n-\n(0 rows)\n");
    }

    #[test]
    fn text_cannot_drive_the_terminal() {
        let text = write(&table(&[("t", "VARCHAR")], vec![vec![Cell::Text("\u{1b}[31mred\n\u{202e}".into())]]));
        assert!(text.contains("\\u{1b}[31mred\\n\\u{202e}"), "{text}");
    }

    #[test]
    fn long_text_is_cut_with_a_mark() {
        let text = shown(&"x".repeat(500));
        assert_eq!(text.chars().count(), MAX_WIDTH);
        assert!(text.ends_with('…'));
        assert_eq!(shown(&"x".repeat(MAX_WIDTH)).chars().count(), MAX_WIDTH);
    }
}
