//! Questions that need not read every span: their `/* where it can be */` becomes a condition on where what they look for can be.

use coldlight_model::{Comparison, Filter, TimeRange, TraceId};
use duckdb::{Connection, params};

use super::condition::{Conditions, conditions};
use crate::error::StoreError;
use crate::span_blocks::{Sought, where_all_can_be, where_any_can_be};

const PLACE: &str = "/* where it can be */";

/// A question about the spans of one trace.
pub(super) fn of_trace(db: &Connection, question: &str, id: TraceId) -> Result<String, StoreError> {
    of_traces(db, question, &[id])
}

/// A question about the spans of some traces. Of hundreds it is asked everywhere.
pub(super) fn of_traces(db: &Connection, question: &str, ids: &[TraceId]) -> Result<String, StoreError> {
    asked(db, question, ids, Sought::trace)
}

/// Where spans of some traces can be, for several questions about them.
pub(super) fn place_of(db: &Connection, ids: &[TraceId]) -> Result<String, StoreError> {
    of_traces(db, PLACE, ids)
}

/// A question asked at such a place.
pub(super) fn at(place: &str, question: &str) -> String {
    question.replace(PLACE, place)
}

/// A question about the spans that link to one of some traces.
pub(super) fn linking_to(db: &Connection, question: &str, ids: &[TraceId]) -> Result<String, StoreError> {
    asked(db, question, ids, Sought::link)
}

fn asked(db: &Connection, question: &str, ids: &[TraceId], sought: fn(&str) -> Sought) -> Result<String, StoreError> {
    let sought: Vec<Sought> = ids.iter().map(|id| sought(&id.to_hex())).collect();
    Ok(question.replace(PLACE, &where_any_can_be(db, &sought)?))
}

/// As [`conditions`], and where a span that they hold of can be.
pub(crate) fn conditions_with_places(
    db: &Connection,
    range: TimeRange,
    filter: &Filter,
) -> Result<Conditions, StoreError> {
    Ok(conditions_at(&place_of_filter(db, filter)?, range, filter))
}

/// The same for who asks several times: at such a place.
pub(super) fn conditions_at(place: &str, range: TimeRange, filter: &Filter) -> Conditions {
    let mut all = conditions(range, filter);
    all.text.push_str(place);
    all
}

/// Where a span that a filter holds of can be, of whatever time.
pub(super) fn place_of_filter(db: &Connection, filter: &Filter) -> Result<String, StoreError> {
    let mut sought = Vec::new();
    for condition in filter.conditions.iter().filter(|condition| !condition.negated) {
        if let Comparison::AttributeIs(name, pattern) = &condition.comparison
            && !pattern.prefix
            && !is_said_of_senders(db, name, &pattern.text)?
        {
            sought.push(Sought::attribute(name, &pattern.text));
        }
    }
    if sought.is_empty() { Ok(String::new()) } else { where_all_can_be(db, &sought) }
}

/// Whether what sends spans has the attribute, all of whose spans are then meant.
fn is_said_of_senders(db: &Connection, name: &str, value: &str) -> Result<bool, StoreError> {
    let mut statement = db.prepare_cached("SELECT count(*) > 0 FROM resource_rows WHERE attributes[?] = ?")?;
    Ok(statement.query_row(params![name, value], |row| row.get(0))?)
}
