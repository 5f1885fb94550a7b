//! A filter line as SQL conditions.
//!
//! A conjunction of strangers' words has no fixed text, so this is the one place that joins SQL from pieces. Every piece
//! is a constant of this file; every word, name and number a user typed is a bound parameter, never text.

use std::borrow::Cow;

use coldlight_model::{Comparison, Filter, HeatBox, InvocationWord, Kind, Op, Outcome, Pattern, TimeRange};
use duckdb::types::Value as Sql;

use super::invocation_condition::of_word;

/// An invocation is told to begin when its span does, or when its platform says so, which is a little apart.
pub(super) const APART: u64 = 15 * 60_000_000_000;

/// A condition and the values of its `?`.
pub(super) type Piece = (Cow<'static, str>, Vec<Sql>);

/// ` AND …` text with `?` for each of `params`, in order.
#[derive(Default)]
pub(crate) struct Conditions {
    pub text: String,
    pub params: Vec<Sql>,
}

/// The conditions of a time range and a filter, of which all hold of one span.
pub(crate) fn conditions(range: TimeRange, filter: &Filter) -> Conditions {
    conditions_by(range, filter, |comparison| piece(comparison, range))
}

/// As [`conditions`], with the piece for each comparison.
pub(super) fn conditions_by(range: TimeRange, filter: &Filter, piece: impl Fn(&Comparison) -> Piece) -> Conditions {
    let mut all = of_time(range);
    all.and_all(filter, piece);
    all
}

/// Pieces that are constants as they stand.
pub(super) fn plain(piece: fn(&Comparison) -> (&'static str, Vec<Sql>)) -> impl Fn(&Comparison) -> Piece {
    move |comparison| {
        let (text, params) = piece(comparison);
        (text.into(), params)
    }
}

/// The conditions of a time range alone.
pub(super) fn of_time(range: TimeRange) -> Conditions {
    let mut all = Conditions::default();
    all.and("started_at >= make_timestamp_ns(?)", [Sql::BigInt(range.from.nanos())]);
    all.and("started_at < make_timestamp_ns(?)", [Sql::BigInt(range.to.nanos())]);
    all
}

impl Conditions {
    pub(super) fn and(&mut self, text: &str, params: impl IntoIterator<Item = Sql>) {
        self.text.push_str(" AND ");
        self.text.push_str(text);
        self.params.extend(params);
    }

    /// All words of a filter.
    pub(super) fn and_all(&mut self, filter: &Filter, piece: impl Fn(&Comparison) -> Piece) {
        for condition in &filter.conditions {
            let (text, params) = piece(&condition.comparison);
            if condition.negated {
                self.text.push_str(" AND NOT coalesce(");
                self.text.push_str(&text);
                self.text.push_str(", FALSE)");
                self.params.extend(params);
            } else {
                self.and(&text, params);
            }
        }
    }

    /// The text with a name for each `?`: `$c1`, `$c2` …
    pub(super) fn named(&self) -> String {
        let mut pieces = self.text.split('?');
        let first = pieces.next().unwrap_or_default().to_owned();
        pieces.zip(1..).fold(first, |text, (piece, at)| format!("{text}$c{at}{piece}"))
    }

    /// Also within a part of a heat map.
    pub(super) fn within(&mut self, part: HeatBox) {
        let whole = |nanos: u64| Sql::BigInt(i64::try_from(nanos).unwrap_or(i64::MAX));
        self.text.push_str(&of_time(part.time).text);
        self.params.extend(of_time(part.time).params);
        self.and("duration_ns >= ?", [whole(part.low)]);
        self.and("duration_ns < ?", [whole(part.high)]);
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

fn piece(comparison: &Comparison, range: TimeRange) -> Piece {
    let (text, params) = match comparison {
        Comparison::Invocation(word) => return of_invocation(word, range),
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
                attribute!("starts_with(attributes[?], ?)")
            } else {
                attribute!("attributes[?] = ?")
            };
            (condition, [both.clone(), both].concat())
        }
        Comparison::AttributeNumber(name, op, number) => {
            let both = [Sql::Text(name.clone()), Sql::Double(*number)];
            let condition = match op {
                Op::Less => attribute!("TRY_CAST(attributes[?] AS DOUBLE) < ?"),
                Op::AtMost => attribute!("TRY_CAST(attributes[?] AS DOUBLE) <= ?"),
                Op::Greater => attribute!("TRY_CAST(attributes[?] AS DOUBLE) > ?"),
                Op::AtLeast => attribute!("TRY_CAST(attributes[?] AS DOUBLE) >= ?"),
            };
            (condition, [both.clone(), both].concat())
        }
        Comparison::Root(true) => ("parent_span_id IS NULL", vec![]),
        Comparison::Root(false) => ("parent_span_id IS NOT NULL", vec![]),
        Comparison::Text(text) => (
            "contains(lower(concat_ws(chr(10), service, name, status_message, error_type)), ?)",
            vec![Sql::Text(text.to_lowercase())],
        ),
    };
    (text.into(), params)
}

/// What holds of the invocation that a span is. What the span says itself is read there, for it is said of containers, too.
fn of_invocation(word: &InvocationWord, range: TimeRange) -> Piece {
    let twice = |pattern: &Pattern| vec![Sql::Text(pattern.text.clone()); 2];
    match word {
        InvocationWord::Version(pattern) if pattern.prefix => (
            "(starts_with(function_version, ?) OR resource_id IN (SELECT resource_id FROM resource_rows WHERE starts_with(service_version, ?)))".into(),
            twice(pattern),
        ),
        InvocationWord::Version(pattern) => (
            "(function_version = ? OR resource_id IN (SELECT resource_id FROM resource_rows WHERE service_version = ?))".into(),
            twice(pattern),
        ),
        InvocationWord::Route(pattern) => {
            let (text, params) = text_is(pattern, "http_route = ?", "starts_with(http_route, ?)");
            (text.into(), params)
        }
        InvocationWord::Environment(pattern) => {
            let (text, params) = text_is(
                pattern,
                "resource_id IN (SELECT resource_id FROM resource_rows WHERE environment = ?)",
                "resource_id IN (SELECT resource_id FROM resource_rows WHERE starts_with(environment, ?))",
            );
            (text.into(), params)
        }
        InvocationWord::Region(pattern) if pattern.prefix => (
            "(starts_with(cloud_region, ?) OR resource_id IN (SELECT resource_id FROM resource_rows WHERE starts_with(cloud_region, ?)))".into(),
            twice(pattern),
        ),
        InvocationWord::Region(pattern) => (
            "(cloud_region = ? OR resource_id IN (SELECT resource_id FROM resource_rows WHERE cloud_region = ?))".into(),
            twice(pattern),
        ),
        _ => {
            let (text, params) = of_word(word);
            let bounds = [range.from.minus(APART), range.to.plus(APART)].map(|at| Sql::BigInt(at.nanos()));
            (
                [
                    "trace_id || span_id IN (SELECT trace_id || span_id FROM invocations \
                     WHERE started_at BETWEEN make_timestamp_ns(?) AND make_timestamp_ns(?) AND ",
                    text,
                    ")",
                ]
                .concat()
                .into(),
                bounds.into_iter().chain(params).collect(),
            )
        }
    }
}

pub(super) fn text_is(pattern: &Pattern, equal: &'static str, begins: &'static str) -> (&'static str, Vec<Sql>) {
    (if pattern.prefix { begins } else { equal }, vec![Sql::Text(pattern.text.clone())])
}
