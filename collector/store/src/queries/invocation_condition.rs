//! A filter line about invocations as SQL conditions on the view `invocations`. As in `condition.rs`, every piece is a
//! constant and every value is bound.

use coldlight_model::{Comparison, Filter, InvocationWord, Op, TimeRange};
use duckdb::types::Value as Sql;

use super::condition::{Conditions, conditions_by, plain, text_is};

/// The conditions of a time range and a filter, of which all hold of one invocation.
pub(crate) fn invocation_conditions(range: TimeRange, filter: &Filter) -> Conditions {
    conditions_by(range, filter, plain(piece))
}

/// What holds of an attribute of the invocation's span, or else of what sent it.
macro_rules! attribute {
    ($holds:literal) => {
        concat!(
            "(trace_id || span_id IN (SELECT trace_id || span_id FROM span_rows WHERE kind <> 'internal' AND (",
            $holds,
            " OR resource_id IN (SELECT resource_id FROM resource_rows WHERE ",
            $holds,
            "))))"
        )
    };
}

pub(super) fn piece(comparison: &Comparison) -> (&'static str, Vec<Sql>) {
    match comparison {
        Comparison::Service(pattern) => text_is(pattern, "service = ?", "starts_with(service, ?)"),
        Comparison::Trigger(pattern) => text_is(pattern, "\"trigger\" = ?", "starts_with(\"trigger\", ?)"),
        Comparison::Duration(op, nanos) => (
            by(*op, ["duration_ms < ?", "duration_ms <= ?", "duration_ms > ?", "duration_ms >= ?"]),
            vec![Sql::Double(*nanos as f64 / 1e6)],
        ),
        Comparison::Text(text) => (
            "contains(lower(concat_ws(chr(10), request_id, service, \"function\", error_type)), ?)",
            vec![Sql::Text(text.to_lowercase())],
        ),
        Comparison::Invocation(word) => of_word(word),
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
            let condition = by(
                *op,
                [
                    attribute!("TRY_CAST(attributes[?] AS DOUBLE) < ?"),
                    attribute!("TRY_CAST(attributes[?] AS DOUBLE) <= ?"),
                    attribute!("TRY_CAST(attributes[?] AS DOUBLE) > ?"),
                    attribute!("TRY_CAST(attributes[?] AS DOUBLE) >= ?"),
                ],
            );
            (condition, [both.clone(), both].concat())
        }
        // Words about spans; a filter of invocations has none.
        _ => ("FALSE", vec![]),
    }
}

/// What a word about invocations asks of the view `invocations`.
pub(super) fn of_word(word: &InvocationWord) -> (&'static str, Vec<Sql>) {
    let text = |text: &str| vec![Sql::Text(text.to_owned())];
    match word {
        InvocationWord::Function(pattern) => {
            text_is(pattern, "coalesce(\"function\", service) = ?", "starts_with(coalesce(\"function\", service), ?)")
        }
        InvocationWord::Version(pattern) => text_is(pattern, "version = ?", "starts_with(version, ?)"),
        InvocationWord::Tenant(pattern) => text_is(pattern, "tenant = ?", "starts_with(tenant, ?)"),
        InvocationWord::Environment(pattern) => text_is(pattern, "environment = ?", "starts_with(environment, ?)"),
        InvocationWord::Route(pattern) => text_is(pattern, "route = ?", "starts_with(route, ?)"),
        InvocationWord::Region(pattern) => text_is(pattern, "region = ?", "starts_with(region, ?)"),
        InvocationWord::Runtime(pattern) => text_is(pattern, "runtime = ?", "starts_with(runtime, ?)"),
        InvocationWord::Request(pattern) => text_is(pattern, "request_id = ?", "starts_with(request_id, ?)"),
        InvocationWord::Outcome(outcome) => ("outcome = ?", text(outcome.name())),
        InvocationWord::State(state) => ("cost_state = ?", text(state.name())),
        InvocationWord::Start(kind) => ("start_kind = ?", text(kind.name())),
        InvocationWord::Waited => ("start_kind IN ('felt', 'suppressed', 'restored')", vec![]),
        InvocationWord::Cold(true) => ("cold_start", vec![]),
        InvocationWord::Cold(false) => ("NOT cold_start", vec![]),
        InvocationWord::Init(op, nanos) => (
            by(
                *op,
                [
                    "coalesce(init_ms, suppressed_init_ms, restore_ms) < ?",
                    "coalesce(init_ms, suppressed_init_ms, restore_ms) <= ?",
                    "coalesce(init_ms, suppressed_init_ms, restore_ms) > ?",
                    "coalesce(init_ms, suppressed_init_ms, restore_ms) >= ?",
                ],
            ),
            vec![Sql::Double(*nanos as f64 / 1e6)],
        ),
        InvocationWord::Billed(op, ms) => (
            by(*op, ["billed_ms < ?", "billed_ms <= ?", "billed_ms > ?", "billed_ms >= ?"]),
            vec![Sql::BigInt(i64::try_from(*ms).unwrap_or(i64::MAX))],
        ),
        InvocationWord::Cost(op, usd) => (
            by(
                *op,
                [
                    "cost_usd < ?::DECIMAL(38, 18)",
                    "cost_usd <= ?::DECIMAL(38, 18)",
                    "cost_usd > ?::DECIMAL(38, 18)",
                    "cost_usd >= ?::DECIMAL(38, 18)",
                ],
            ),
            text(&usd.to_string()),
        ),
        InvocationWord::Memory(op, percent) => (
            by(
                *op,
                [
                    "max_memory_mb * 100 < memory_mb * ?",
                    "max_memory_mb * 100 <= memory_mb * ?",
                    "max_memory_mb * 100 > memory_mb * ?",
                    "max_memory_mb * 100 >= memory_mb * ?",
                ],
            ),
            // More than a thousand times the memory is as impossible as any larger figure.
            vec![Sql::BigInt((*percent).min(100_000) as i64)],
        ),
    }
}

pub(super) fn by(op: Op, [less, at_most, greater, at_least]: [&'static str; 4]) -> &'static str {
    match op {
        Op::Less => less,
        Op::AtMost => at_most,
        Op::Greater => greater,
        Op::AtLeast => at_least,
    }
}
