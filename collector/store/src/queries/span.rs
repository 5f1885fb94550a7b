//! Whole spans: one for the panel, all of a trace for a download.

use coldlight_model::{LogLine, Resource, SpanDetail, SpanId, SpanRef, Timestamp, TraceId};
use duckdb::{Connection, OptionalExt, Row, params};

use super::places::{linking_to, of_trace};
use crate::Store;
use crate::error::StoreError;
use crate::rows;

/// Links of one span that are looked up by name; a batch may have a thousand.
const NAMED_LINKS: usize = 100;

impl Store {
    /// Everything about one span; of an id used twice, the earlier.
    pub async fn span(&self, trace: TraceId, span: SpanId) -> Result<Option<SpanDetail>, StoreError> {
        self.ask(move |db| {
            let Some(mut detail) = details(db, trace, Some(span))?.into_iter().next() else { return Ok(None) };
            detail.linked_from = linked_from(db, trace, span)?;
            let targets: Vec<(TraceId, SpanId)> =
                detail.span.links.iter().map(|link| (link.trace_id, link.span_id)).take(NAMED_LINKS).collect();
            for (trace, span) in targets {
                detail.links_to.push(named(db, trace, span)?);
            }
            detail.logs = logs(db, trace, span)?;
            Ok(Some(detail))
        })
        .await
    }

    /// All spans of a trace as they were sent, by start; without what links to them and their logs.
    pub async fn trace_details(&self, id: TraceId) -> Result<Vec<SpanDetail>, StoreError> {
        self.ask(move |db| details(db, id, None)).await
    }
}

fn details(db: &Connection, trace: TraceId, span: Option<SpanId>) -> Result<Vec<SpanDetail>, StoreError> {
    let mut statement = db.prepare(&of_trace(db, include_str!("spans.sql"), trace)?)?;
    let spans = statement.query_map(params![trace.to_hex(), span.map(|id| id.to_hex())], detail)?;
    Ok(spans.collect::<Result<Vec<_>, _>>()?)
}

fn detail(row: &Row<'_>) -> duckdb::Result<SpanDetail> {
    let (span, scope, received_at) = rows::span_from_row(row)?;
    let types: Option<String> = row.get("resource_types")?;
    let resource = match row.get::<_, Option<String>>("resource_schema_url")? {
        Some(schema_url) => rows::resource_from_sql(
            &row.get("resource_attributes")?,
            types.as_deref(),
            schema_url,
            row.get("resource_dropped")?,
        ),
        None => Resource::default(),
    };
    Ok(SpanDetail {
        span,
        resource,
        scope,
        received_at,
        linked_from: Vec::new(),
        links_to: Vec::new(),
        logs: Vec::new(),
    })
}

fn linked_from(db: &Connection, trace: TraceId, span: SpanId) -> Result<Vec<SpanRef>, StoreError> {
    let mut statement = db.prepare(&linking_to(db, include_str!("linked_from.sql"), &[trace])?)?;
    let spans = statement.query_map([trace.to_hex(), span.to_hex()], |row| {
        reference(row, rows::trace_id(row, "trace_id")?, rows::span_id(row, "span_id")?)
    })?;
    Ok(spans.collect::<Result<Vec<_>, _>>()?)
}

fn named(db: &Connection, trace_id: TraceId, span_id: SpanId) -> Result<SpanRef, StoreError> {
    let mut statement = db.prepare(&of_trace(db, include_str!("span_names.sql"), trace_id)?)?;
    let found = statement
        .query_row([trace_id.to_hex(), span_id.to_hex()], |row| reference(row, trace_id, span_id))
        .optional()?;
    let unknown =
        || SpanRef { trace_id, span_id, service: String::new(), name: String::new(), started_at: None, ended_at: None };
    Ok(found.unwrap_or_else(unknown))
}

fn reference(row: &Row<'_>, trace_id: TraceId, span_id: SpanId) -> duckdb::Result<SpanRef> {
    let started_at = Timestamp::from_sql(row.get("started_ns")?);
    let duration = row.get::<_, i64>("duration_ns")?.unsigned_abs();
    Ok(SpanRef {
        trace_id,
        span_id,
        service: row.get("service")?,
        name: row.get("name")?,
        started_at: Some(started_at),
        ended_at: Some(started_at.plus(duration)),
    })
}

fn logs(db: &Connection, trace: TraceId, span: SpanId) -> Result<Vec<LogLine>, StoreError> {
    let mut statement = db.prepare_cached(include_str!("logs_of_trace.sql"))?;
    let lines = statement.query_map([trace.to_hex()], rows::log_from_row)?;
    let lines = lines.collect::<Result<Vec<_>, _>>()?;
    Ok(lines.into_iter().filter(|line| line.record.span_id == Some(span)).collect())
}
