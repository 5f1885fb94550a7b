//! A filter line as SQL conditions.
//!
//! A conjunction of strangers' words has no fixed text, so this is the one place that joins SQL from pieces. Every piece
//! is a constant of this file; every word, name and number a user typed is a bound parameter, never text.

use coldlight_model::{Comparison, Filter, Kind, Op, Outcome, Pattern, TimeRange};
use duckdb::types::Value as Sql;

/// ` AND …` text with `?` for each of `params`, in order.
#[derive(Default)]
pub(crate) struct Conditions {
    pub text: String,
    pub params: Vec<Sql>,
}

/// The conditions of a time range and a filter, of which all hold of one span.
pub(crate) fn conditions(range: TimeRange, filter: &Filter) -> Conditions {
    conditions_by(range, filter, piece)
}

/// As [`conditions`], with the piece for each comparison.
pub(super) fn conditions_by(
    range: TimeRange,
    filter: &Filter,
    piece: fn(&Comparison) -> (&'static str, Vec<Sql>),
) -> Conditions {
    let mut all = Conditions::default();
    all.and("started_at >= make_timestamp_ns(?)", [Sql::BigInt(range.from.nanos())]);
    all.and("started_at < make_timestamp_ns(?)", [Sql::BigInt(range.to.nanos())]);
    all.and_all(filter, piece);
    all
}

impl Conditions {
    pub(super) fn and(&mut self, text: &'static str, params: impl IntoIterator<Item = Sql>) {
        self.text.push_str(" AND ");
        self.text.push_str(text);
        self.params.extend(params);
    }

    /// All words of a filter.
    pub(super) fn and_all(&mut self, filter: &Filter, piece: fn(&Comparison) -> (&'static str, Vec<Sql>)) {
        for condition in &filter.conditions {
            let (text, params) = piece(&condition.comparison);
            if condition.negated {
                self.text.push_str(" AND NOT coalesce(");
                self.text.push_str(text);
                self.text.push_str(", FALSE)");
                self.params.extend(params);
            } else {
                self.and(text, params);
            }
        }
    }

    /// The text with a name for each `?`: `$c1`, `$c2` …
    pub(super) fn named(&self) -> String {
        let mut pieces = self.text.split('?');
        let first = pieces.next().unwrap_or_default().to_owned();
        pieces.zip(1..).fold(first, |text, (piece, at)| format!("{text}$c{at}{piece}"))
    }

    /// A template with its `/* conditions */` filled in.
    pub fn fill(&self, template: &str) -> String {
        template.replace("/* conditions */", &self.text)
    }
}

/// What holds of an attribute of the span, or else of what sent it.
macro_rules! attribute {
    ($holds:literal) => {
        concat!("(", $holds, " OR resource_id IN (SELECT resource_id FROM resource_rows WHERE ", $holds, "))")
    };
}

fn piece(comparison: &Comparison) -> (&'static str, Vec<Sql>) {
    match comparison {
        Comparison::Service(pattern) => text_is(pattern, "service = ?", "starts_with(service, ?)"),
        Comparison::Name(pattern) => text_is(pattern, "name = ?", "starts_with(name, ?)"),
        Comparison::Trigger(pattern) => text_is(pattern, "faas_trigger = ?", "starts_with(faas_trigger, ?)"),
        Comparison::Kind(kind) => ("kind = ?", vec![Sql::Text(Kind::name(*kind).into_owned())]),
        Comparison::Status(outcome) => (
            match outcome {
                Outcome::Ok => "NOT (error OR fault OR throttle)",
                Outcome::Error => "error",
                Outcome::Throttle => "throttle",
                Outcome::Fault => "fault",
            },
            vec![],
        ),
        Comparison::Http(status) => ("http_status = ?", vec![Sql::USmallInt(*status)]),
        Comparison::Duration(op, nanos) => (
            match op {
                Op::Less => "duration_ns < ?",
                Op::AtMost => "duration_ns <= ?",
                Op::Greater => "duration_ns > ?",
                Op::AtLeast => "duration_ns >= ?",
            },
            vec![Sql::BigInt(i64::try_from(*nanos).unwrap_or(i64::MAX))],
        ),
        Comparison::AttributeIs(name, pattern) => {
            let both = [Sql::Text(name.clone()), Sql::Text(pattern.text.clone())];
            let condition = if pattern.prefix {
                attribute!("starts_with(variant_extract(attributes, ?)::VARCHAR, ?)")
            } else {
                attribute!("variant_extract(attributes, ?)::VARCHAR = ?")
            };
            (condition, [both.clone(), both].concat())
        }
        Comparison::AttributeNumber(name, op, number) => {
            let both = [Sql::Text(name.clone()), Sql::Double(*number)];
            let condition = match op {
                Op::Less => attribute!("TRY_CAST(variant_extract(attributes, ?)::VARCHAR AS DOUBLE) < ?"),
                Op::AtMost => attribute!("TRY_CAST(variant_extract(attributes, ?)::VARCHAR AS DOUBLE) <= ?"),
                Op::Greater => attribute!("TRY_CAST(variant_extract(attributes, ?)::VARCHAR AS DOUBLE) > ?"),
                Op::AtLeast => attribute!("TRY_CAST(variant_extract(attributes, ?)::VARCHAR AS DOUBLE) >= ?"),
            };
            (condition, [both.clone(), both].concat())
        }
        // Parsed for spans, a filter has none of these; were there one, it would hold of no span.
        Comparison::Invocation(_) => ("FALSE", vec![]),
        Comparison::Text(text) => (
            "contains(lower(concat_ws(chr(10), service, name, status_message, error_type)), ?)",
            vec![Sql::Text(text.to_lowercase())],
        ),
    }
}

pub(super) fn text_is(pattern: &Pattern, equal: &'static str, begins: &'static str) -> (&'static str, Vec<Sql>) {
    (if pattern.prefix { begins } else { equal }, vec![Sql::Text(pattern.text.clone())])
}
