//! A filter line about invocations as conditions on what else costs: the shares of tasks and metered calls. As in `condition.rs`, every
//! piece is a constant and every value is bound.
//!
//! What only functions have (a start, an init, a report, memory used) holds of none of them, and its negation of all, so that a word
//! and its negation divide a sum without a rest. What was idle of a task has no request: only words about the task hold of it.

use coldlight_model::lambda::InvocationOutcome;
use coldlight_model::{Comparison, Filter, InvocationWord};
use duckdb::types::Value as Sql;

use super::condition::{Conditions, plain, text_is};
use super::invocation_condition::by;

/// On columns `service`, `version`, `environment`, `region`, `tenant`, `http_route`, `duration_ns`, `failed`, `cost_state`, `name`,
/// `trace_id` with `span_id`, `resource_id` and `task`.
pub(super) fn spent_conditions(filter: &Filter) -> Conditions {
    let mut all = Conditions::default();
    all.and_all(filter, plain(piece));
    all
}

/// What holds of an attribute of the request's span, or else of who sent it, or of the task.
macro_rules! attribute {
    ($holds:literal) => {
        concat!(
            "((trace_id, span_id) IN (SELECT (trace_id, span_id) FROM span_rows WHERE kind <> 'internal' AND ",
            $holds,
            ") OR resource_id IN (SELECT resource_id FROM resource_rows WHERE ",
            $holds,
            ") OR task IN (SELECT task FROM container_resources WHERE ",
            $holds,
            "))"
        )
    };
}

fn piece(comparison: &Comparison) -> (&'static str, Vec<Sql>) {
    match comparison {
        Comparison::Service(pattern) => text_is(pattern, "service = ?", "starts_with(service, ?)"),
        Comparison::Duration(op, nanos) => (
            by(*op, ["duration_ns < ?", "duration_ns <= ?", "duration_ns > ?", "duration_ns >= ?"]),
            vec![Sql::BigInt(i64::try_from(*nanos).unwrap_or(i64::MAX))],
        ),
        Comparison::Text(text) => {
            ("contains(lower(concat_ws(chr(10), service, name)), ?)", vec![Sql::Text(text.to_lowercase())])
        }
        Comparison::AttributeIs(name, pattern) => {
            let one = [Sql::Text(name.clone()), Sql::Text(pattern.text.clone())];
            let condition = if pattern.prefix {
                attribute!("starts_with(attributes[?], ?)")
            } else {
                attribute!("attributes[?] = ?")
            };
            (condition, [one.clone(), one.clone(), one].concat())
        }
        Comparison::AttributeNumber(name, op, number) => {
            let one = [Sql::Text(name.clone()), Sql::Double(*number)];
            let condition = by(
                *op,
                [
                    attribute!("TRY_CAST(attributes[?] AS DOUBLE) < ?"),
                    attribute!("TRY_CAST(attributes[?] AS DOUBLE) <= ?"),
                    attribute!("TRY_CAST(attributes[?] AS DOUBLE) > ?"),
                    attribute!("TRY_CAST(attributes[?] AS DOUBLE) >= ?"),
                ],
            );
            (condition, [one.clone(), one.clone(), one].concat())
        }
        Comparison::Invocation(word) => of_word(word),
        _ => ("FALSE", vec![]),
    }
}

fn of_word(word: &InvocationWord) -> (&'static str, Vec<Sql>) {
    match word {
        InvocationWord::Version(pattern) => text_is(pattern, "version = ?", "starts_with(version, ?)"),
        InvocationWord::Tenant(pattern) => text_is(pattern, "tenant = ?", "starts_with(tenant, ?)"),
        InvocationWord::Environment(pattern) => text_is(pattern, "environment = ?", "starts_with(environment, ?)"),
        InvocationWord::Route(pattern) => text_is(pattern, "http_route = ?", "starts_with(http_route, ?)"),
        InvocationWord::Region(pattern) => text_is(pattern, "region = ?", "starts_with(region, ?)"),
        InvocationWord::State(state) => ("cost_state = ?", vec![Sql::Text(state.name().to_owned())]),
        InvocationWord::Outcome(InvocationOutcome::Ok) => ("NOT failed", vec![]),
        InvocationWord::Outcome(InvocationOutcome::Error) => ("failed", vec![]),
        _ => ("FALSE", vec![]),
    }
}
