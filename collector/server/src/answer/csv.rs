//! CSV as RFC 4180 has it, with line feeds alone: NULL is an empty field, an empty text is `""`.

use coldlight_model::{Cell, Table};

pub(super) fn write(table: &Table) -> String {
    let mut out = String::new();
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    push_line(&mut out, names.into_iter().map(Some));
    for row in &table.rows {
        let texts: Vec<Option<String>> = row.iter().map(text).collect();
        push_line(&mut out, texts.iter().map(Option::as_deref));
    }
    out
}

fn text(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Null => None,
        Cell::Bool(value) => Some(value.to_string()),
        Cell::Int(int) => Some(int.to_string()),
        Cell::Double(double) => Some(super::terminal::double(*double)),
        Cell::Text(text) => Some(text.clone()),
    }
}

fn push_line<'a>(out: &mut String, fields: impl Iterator<Item = Option<&'a str>>) {
    for (index, field) in fields.enumerate() {
        if index > 0 {
            out.push(',');
        }
        let Some(field) = field else { continue };
        if field.is_empty() || field.contains([',', '"', '\n', '\r']) || field.trim() != field {
            out.push('"');
            out.push_str(&field.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(field);
        }
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::tests::table;

    #[test]
    fn what_would_break_a_field_is_quoted_and_null_is_not_empty_text() {
        let rows = vec![
            vec![Cell::Text("a,\"b\"\n".into()), Cell::Null],
            vec![Cell::Text(String::new()), Cell::Int(-3)],
            vec![Cell::Text(" x".into()), Cell::Double(1.0)],
        ];
        let text = write(&table(&[("t, x", "VARCHAR"), ("n", "BIGINT")], rows));
        assert_eq!(text, "\"t, x\",n\n\"a,\"\"b\"\"\n\",\n\"\",-3\n\" x\",1.0\n");
    }
}
