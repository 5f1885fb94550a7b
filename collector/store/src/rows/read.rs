//! Rows of `spans.sql` and `logs_of_trace.sql` to model values.

use coldlight_model::{
    Attributes, Event, Kind, Link, LogLine, LogRecord, Oddities, Scope, Span, SpanId, StatusCode, Timestamp, TraceId,
};
use duckdb::Row;
use duckdb::types::Value as Sql;

use super::attribute_map::attributes_from_map;
use super::attributes::{attributes_from_sql, body_from_sql, scope_from_sql};

/// A span as queries/span_columns select it; its resource and scope indices are 0.
pub(crate) fn span_from_row(row: &Row<'_>) -> duckdb::Result<(Span, Scope, Timestamp)> {
    let scope_rest: Option<String> = row.get("scope_rest")?;
    let scope = scope_from_sql(row.get("scope_name")?, row.get("scope_version")?, scope_rest.as_deref());
    let span = Span {
        trace_id: trace_id(row, "trace_id")?,
        span_id: span_id(row, "span_id")?,
        parent_span_id: row.get::<_, Option<String>>("parent_span_id")?.and_then(|hex| SpanId::from_hex(&hex)),
        trace_state: row.get("trace_state")?,
        flags: row.get("flags")?,
        name: row.get("name")?,
        kind: Kind::from_name(&row.get::<_, String>("kind")?),
        started_at: Timestamp::from_sql(row.get("started_ns")?),
        ended_at: Timestamp::from_sql(row.get("ended_ns")?),
        attributes: attributes(row)?,
        dropped_attributes_count: row.get("dropped_attributes_count")?,
        events: list(row.get("events")?).iter().map(event_from_sql).collect(),
        dropped_events_count: row.get("dropped_events_count")?,
        links: list(row.get("links")?).iter().filter_map(link_from_sql).collect(),
        dropped_links_count: row.get("dropped_links_count")?,
        status_code: StatusCode::from_name(&row.get::<_, String>("status")?),
        status_message: row.get("status_message")?,
        oddities: Oddities(row.get("oddities")?),
        resource: 0,
        scope: 0,
    };
    Ok((span, scope, Timestamp::from_sql(row.get("received_ns")?)))
}

/// A log record as queries/logs_of_trace selects it.
pub(crate) fn log_from_row(row: &Row<'_>) -> duckdb::Result<LogLine> {
    let optional_time =
        |name| -> duckdb::Result<Option<Timestamp>> { Ok(row.get::<_, Option<i64>>(name)?.map(Timestamp::from_sql)) };
    let body_type: Option<String> = row.get("body_type")?;
    Ok(LogLine {
        service: row.get("service")?,
        record: LogRecord {
            at: optional_time("time_ns")?,
            observed_at: optional_time("observed_ns")?,
            trace_id: row.get::<_, Option<String>>("trace_id")?.and_then(|hex| TraceId::from_hex(&hex)),
            span_id: row.get::<_, Option<String>>("span_id")?.and_then(|hex| SpanId::from_hex(&hex)),
            flags: row.get("flags")?,
            severity_number: row.get("severity_number")?,
            severity_text: row.get("severity_text")?,
            body: body_from_sql(row.get("body")?, body_type.as_deref()),
            attributes: attributes(row)?,
            dropped_attributes_count: row.get("dropped_attributes_count")?,
            event_name: row.get("event_name")?,
            resource: 0,
            scope: 0,
        },
    })
}

fn attributes(row: &Row<'_>) -> duckdb::Result<Attributes> {
    let types: Option<String> = row.get("attribute_types")?;
    Ok(attributes_from_map(&row.get("attributes")?, types.as_deref()))
}

fn bad_id(name: &str) -> duckdb::Error {
    duckdb::Error::InvalidColumnName(format!("{name} does not hold an id"))
}

/// The whole number in column `name`; `None` also when it is negative.
pub(crate) fn whole(row: &Row<'_>, name: &str) -> duckdb::Result<Option<u64>> {
    Ok(row.get::<_, Option<i64>>(name)?.and_then(|number| u64::try_from(number).ok()))
}

/// The trace id in column `name`.
pub(crate) fn trace_id(row: &Row<'_>, name: &str) -> duckdb::Result<TraceId> {
    TraceId::from_hex(&row.get::<_, String>(name)?).ok_or_else(|| bad_id(name))
}

/// The span id in column `name`.
pub(crate) fn span_id(row: &Row<'_>, name: &str) -> duckdb::Result<SpanId> {
    SpanId::from_hex(&row.get::<_, String>(name)?).ok_or_else(|| bad_id(name))
}

fn list(value: Sql) -> Vec<Sql> {
    match value {
        Sql::List(items) | Sql::Array(items) => items,
        _ => Vec::new(),
    }
}

/// A field of a struct value.
fn part<'a>(value: &'a Sql, name: &str) -> Option<&'a Sql> {
    match value {
        Sql::Struct(fields) => fields.iter().find(|(field, _)| field.as_str() == name).map(|(_, value)| value),
        _ => None,
    }
}

fn text(value: &Sql, name: &str) -> Option<String> {
    match part(value, name) {
        Some(Sql::Text(text)) => Some(text.clone()),
        _ => None,
    }
}

fn count(value: &Sql, name: &str) -> u32 {
    match part(value, name) {
        Some(Sql::UInt(count)) => *count,
        _ => 0,
    }
}

fn nested_attributes(value: &Sql) -> Attributes {
    attributes_from_sql(text(value, "attributes").as_deref(), text(value, "attribute_types").as_deref())
}

/// An event as it lies in the column `events`.
pub(crate) fn event_from_sql(value: &Sql) -> Event {
    let at = match part(value, "time") {
        Some(Sql::Timestamp(duckdb::types::TimeUnit::Nanosecond, nanos)) => *nanos,
        _ => 0,
    };
    Event {
        at: Timestamp::from_sql(at),
        name: text(value, "name").unwrap_or_default(),
        attributes: nested_attributes(value),
        dropped_attributes_count: count(value, "dropped_attributes_count"),
    }
}

fn link_from_sql(value: &Sql) -> Option<Link> {
    Some(Link {
        trace_id: TraceId::from_hex(&text(value, "trace_id")?)?,
        span_id: SpanId::from_hex(&text(value, "span_id")?)?,
        trace_state: text(value, "trace_state").unwrap_or_default(),
        attributes: nested_attributes(value),
        dropped_attributes_count: count(value, "dropped_attributes_count"),
        flags: count(value, "flags"),
    })
}
