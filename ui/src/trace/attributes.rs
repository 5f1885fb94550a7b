//! Attributes as the panel lists them: key, value, type, and what one can do with a value.

use coldlight_model::{Attributes, Comparison, Filter, SpanDetail, Value, filter};

use crate::query::Link;
use crate::text::Text;

/// Whole texts behind "show all" on one page, in bytes; what is longer is said to be in the JSON.
const MOST_HIDDEN: usize = 256 * 1024;
/// Of one stack trace, in bytes.
const MOST_LINES: usize = 16 * 1024;
/// Of a value that can be copied by a button, in bytes.
const MOST_COPIED: usize = 2_048;
/// A value longer than this is not a filter one would want.
const MOST_SOUGHT: usize = 200;

/// What is left for long texts on this page.
pub struct Budget {
    left: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: MOST_HIDDEN }
    }
}

impl Budget {
    /// A text whose whole fits into what is left, or that ends where it was cut.
    pub fn text(&mut self, sent: &str) -> Text {
        let mut text = Text::new(sent);
        match text.whole.as_ref().map(String::len) {
            Some(length) if length > self.left => {
                text.whole = None;
                text.shown
                    .push_str(&format!(" ({} bytes, whole in the JSON)", crate::format::count(sent.len() as u64)));
            }
            Some(length) => self.left -= length,
            None => {}
        }
        text
    }

    /// Text of several lines, such as a stack trace, cut at what is left.
    pub fn lines(&mut self, sent: &str) -> String {
        let mut end = sent.len().min(MOST_LINES).min(self.left);
        while !sent.is_char_boundary(end) {
            end -= 1;
        }
        self.left -= end;
        let mut lines: String = sent[..end].chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control()).collect();
        if end < sent.len() {
            lines.push_str(&format!("… ({} bytes, whole in the JSON)", crate::format::count(sent.len() as u64)));
        }
        lines
    }
}

/// Attributes of one origin.
pub struct Group {
    pub title: &'static str,
    pub attributes: Vec<Attribute>,
    /// "3 more were dropped by the sender".
    pub dropped: Option<String>,
}

/// One attribute.
pub struct Attribute {
    pub key: Text,
    pub value: Text,
    pub kind: &'static str,
    /// Only for what is plainly a web address.
    pub href: Option<String>,
    /// Finds traces with the same value.
    pub find: Option<String>,
    /// What the copy button copies; nothing for what is too long to stand in the page twice.
    pub copy: Option<String>,
}

/// Everything known about a span, its own first.
pub fn groups(detail: &SpanDetail, budget: &mut Budget) -> Vec<Group> {
    let mut group = |title, attributes: &Attributes, dropped: u32, prefix: Option<&'static str>| Group {
        title,
        attributes: attributes
            .iter()
            .map(|(key, value)| attribute(key, value, find(prefix, key, value), budget))
            .collect(),
        dropped: (dropped > 0)
            .then(|| format!("{} more were dropped by the sender.", crate::format::count(dropped.into()))),
    };
    let span = group("Span", &detail.span.attributes, detail.span.dropped_attributes_count, Some("attr."));
    let resource =
        group("Resource", &detail.resource.attributes, detail.resource.dropped_attributes_count, Some("attr."));
    let scope = group("Library", &detail.scope.attributes, detail.scope.dropped_attributes_count, None);
    [span, resource, scope]
        .into_iter()
        .filter(|group| !group.attributes.is_empty() || group.dropped.is_some())
        .collect()
}

pub fn attribute(key: &str, value: &Value, find: Option<String>, budget: &mut Budget) -> Attribute {
    let shown = value.to_display();
    let text = budget.text(&shown);
    Attribute {
        key: budget.text(key),
        href: match value {
            Value::Text(address) if is_web_address(address) => Some(address.clone()),
            _ => None,
        },
        kind: kind(value),
        find,
        copy: (shown.len() <= MOST_COPIED).then_some(shown),
        value: text,
    }
}

/// The type as OTLP has it, in a word.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Double(_) => "double",
        Value::Text(_) => "text",
        Value::Bytes(_) => "bytes",
        Value::Array(_) => "list",
        Value::Map(_) => "map",
    }
}

/// `http` or `https`, one line, nothing that could hide where it leads.
fn is_web_address(text: &str) -> bool {
    let has_scheme = ["https://", "http://"]
        .iter()
        .any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    has_scheme && text.len() <= 2_048 && text.chars().all(|c| c.is_ascii_graphic())
}

/// The list of traces with this value; `None` where no filter word can say it.
fn find(prefix: Option<&str>, key: &str, value: &Value) -> Option<String> {
    let sought = value.to_display();
    let is_scalar = matches!(value, Value::Bool(_) | Value::Int(_) | Value::Double(_) | Value::Text(_));
    if !is_scalar || sought.is_empty() || sought.len() > MOST_SOUGHT {
        return None;
    }
    let word = match prefix {
        Some(prefix) => filter::word(&format!("{prefix}{key}"), &sought),
        None if key == "service.name" => filter::word("service", &sought),
        None => return None,
    };
    // A key may hold what the filter line takes for its own signs; then the word would ask for something else.
    let parsed = Filter::parse(&word);
    let asks_for_it = match parsed.conditions.as_slice() {
        [only] if parsed.problems.is_empty() && !only.negated => match &only.comparison {
            Comparison::AttributeIs(name, pattern) => name == key && pattern.text == sought && !pattern.prefix,
            Comparison::Service(pattern) => prefix.is_none() && pattern.text == sought && !pattern.prefix,
            _ => false,
        },
        _ => false,
    };
    asks_for_it.then(|| Link::to("/traces").with("f", word).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_find(key: &str, value: Value, expected: Option<&str>) {
        assert_eq!(find(Some("attr."), key, &value).as_deref(), expected);
    }

    #[test]
    fn a_value_leads_to_the_traces_that_have_it() {
        check_find("order.id", Value::Int(42), Some("/traces?f=attr.order.id:42"));
        check_find("note", "two words".into(), Some("/traces?f=attr.note:%22two+words%22"));
        check_find("star", "a*".into(), Some("/traces?f=attr.star:%22a*%22"));
    }

    #[test]
    fn what_a_filter_cannot_say_is_not_offered() {
        check_find("a:b", "x".into(), None);
        check_find("a b", "x".into(), None);
        check_find("a<b", "x".into(), None);
        check_find("empty", "".into(), None);
        check_find("long", "x".repeat(300).as_str().into(), None);
        check_find("list", Value::Array(vec![Value::Int(1)]), None);
    }

    #[test]
    fn only_plain_web_addresses_become_links() {
        for (text, expected) in [
            ("https://example.com/a?b=c", true),
            ("HTTP://example.com", true),
            ("javascript:alert(1)", false),
            (" https://example.com", false),
            ("https://example.com/a b", false),
            ("https://exa\u{202e}mple.com", false),
            ("data:text/html,x", false),
        ] {
            assert_eq!(is_web_address(text), expected, "{text}");
        }
    }

    #[test]
    fn long_texts_are_bounded_together() {
        let mut budget = Budget::default();
        let long = "x".repeat(64 * 1024);
        let whole = (0..10).filter(|_| budget.text(&long).whole.is_some()).count();
        assert_eq!(whole, MOST_HIDDEN / long.len());
        assert!(budget.text(&long).shown.ends_with("(65,536 bytes, whole in the JSON)"));
    }
}
