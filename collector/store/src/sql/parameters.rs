//! Values beside a question: `$name` in its text is written out as the value before the gate reads it.
//!
//! So the gate and the bounds on growth judge a value as if it had been typed, and there is no second set of rules for it. The places are
//! those that DuckDB's parser names: a `$` in a text or a comment is none.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use coldlight_model::Cell;
use serde_json::Value;

use super::SqlError;
use super::parser::Parser;

/// The question with its values.
///
/// # Errors
/// [`SqlError::Refused`] names a place without a value, or a value without a place. A question that cannot be parsed comes back as it
/// is: whoever reads it next says why.
pub(crate) fn fill(
    parser: &Parser,
    text: &str,
    given: &BTreeMap<String, Cell>,
    defaults: &BTreeMap<String, Cell>,
) -> Result<String, SqlError> {
    let mut places = BTreeSet::new();
    if text.contains(['$', '?']) && !text.contains('\0') {
        find(&parser.tree(text)?["statements"], &mut places);
    }
    if let Some(name) = given.keys().find(|name| !places.iter().any(|(.., known)| known == *name)) {
        return refused(format!("there is a value for ${name} and the question does not use it"));
    }
    let mut filled = String::with_capacity(text.len());
    let mut from = 0;
    for (at, length, name) in &places {
        let Some(value) = given.get(name).or_else(|| defaults.get(name)) else {
            return refused(format!(
                "there is no value for ${name}: give it beside the question, {{\"sql\": \"…\", \"parameters\": {{\"{name}\": …}}}}, or \
                 write it out"
            ));
        };
        let place = at.checked_add(*length).and_then(|end| Some((text.get(from..*at)?, text.get(*at..end)?)));
        let Some((before, _)) = place.filter(|(_, mark)| mark.starts_with(['$', '?'])) else {
            return refused(format!("${name} cannot stand where it does; write its value out"));
        };
        filled.push_str(before);
        write_out(name, value, &mut filled)?;
        from = at + length;
    }
    filled.push_str(&text[from..]);
    Ok(filled)
}

fn refused<T>(why: String) -> Result<T, SqlError> {
    Err(SqlError::Refused(why))
}

/// Where parameters stand: offset and length in bytes, and the name.
fn find(node: &Value, places: &mut BTreeSet<(usize, usize, String)>) {
    match node {
        Value::Object(fields) => {
            if node["class"] == "PARAMETER" {
                let number = |name: &str| node[name].as_u64().and_then(|number| usize::try_from(number).ok());
                let name = node["identifier"].as_str().unwrap_or_default().to_owned();
                places.insert((
                    number("query_location").unwrap_or(usize::MAX),
                    number("query_location_length").unwrap_or(0),
                    name,
                ));
            }
            fields.values().for_each(|field| find(field, places));
        }
        Value::Array(items) => items.iter().for_each(|item| find(item, places)),
        _ => {}
    }
}

/// As a literal. Negative numbers stand in brackets, for `3 -$n` must not become a comment.
fn write_out(name: &str, value: &Cell, out: &mut String) -> Result<(), SqlError> {
    // Writing into a `String` cannot fail.
    let _ = match value {
        Cell::Null => write!(out, "NULL"),
        Cell::Bool(value) => write!(out, "{value}"),
        Cell::Int(int) if *int < 0 => write!(out, "({int})"),
        Cell::Int(int) => write!(out, "{int}"),
        Cell::Double(double) if !double.is_finite() => return refused(format!("${name} is not a finite number")),
        Cell::Double(double) => write!(out, "({double:e})"),
        Cell::Text(text) if text.contains('\0') => {
            return refused(format!("${name} holds a NUL character; leave it out"));
        }
        Cell::Text(text) => write!(out, "'{}'", text.replace('\'', "''")),
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str, given: &[(&str, Cell)]) -> Result<String, String> {
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        fill(&Parser::default(), text, &given, &BTreeMap::new()).map_err(|error| error.to_string())
    }

    #[test]
    fn values_stand_where_their_names_stood() {
        let text = Cell::Text("it's; DROP $b --".into());
        assert_eq!(
            filled("SELECT $a, '$a', $b -$b -- $a\nFROM spans WHERE ü = $a", &[("a", text), ("b", Cell::Int(-3))]),
            Ok("SELECT 'it''s; DROP $b --', '$a', (-3) -(-3) -- $a\nFROM spans WHERE ü = 'it''s; DROP $b --'"
                .to_owned())
        );
        assert_eq!(
            filled("SELECT ?, ?", &[("1", Cell::Null), ("2", Cell::Double(0.5))]),
            Ok("SELECT NULL, (5e-1)".into())
        );
        assert_eq!(filled("SELECT $$a$$", &[]), Ok("SELECT $$a$$".to_owned()));
    }

    #[test]
    fn a_place_without_a_value_and_a_value_without_a_place_are_named() {
        assert!(filled("SELECT $a", &[]).unwrap_err().contains("no value for $a"));
        assert!(filled("SELECT 1", &[("a", Cell::Null)]).unwrap_err().contains("a value for $a"));
        assert!(filled("SELECT $a", &[("a", Cell::Double(f64::NAN))]).unwrap_err().contains("finite"));
        assert!(filled("SELECT $a", &[("a", Cell::Text("\0".into()))]).unwrap_err().contains("NUL"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_comes_out_as_one_literal(text in "[^\0]{0,60}") {
            let filled = filled("SELECT $a", &[("a", Cell::Text(text.clone()))]).unwrap();
            let tree = Parser::default().tree(&filled).unwrap();
            let literal = &tree["statements"][0]["node"]["select_list"][0]["literal"]["text"];
            proptest::prop_assert_eq!(literal.as_str(), Some(text.as_str()));
        }
    }
}
