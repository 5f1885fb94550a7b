//! One trace: its rows for the waterfall, its log lines, and finding text in it.

use coldlight_model::{
    Alike, AlikeGroup, Kind, LogLine, Node, NodeKind, Oddities, Outcome, Rank, ResourceId, SpanEvent, SpanId,
    StatusCode, Timestamp, Trace, TraceId, TraceSpan, Way,
};
use duckdb::types::Value as Sql;
use duckdb::{Row, named_params};

use crate::Store;
use crate::error::StoreError;
use crate::rows;

impl Store {
    /// All spans of a trace by start; `None` when none is here.
    pub async fn trace(&self, id: TraceId) -> Result<Option<Trace>, StoreError> {
        let spans = self
            .ask(move |db| {
                let mut statement = db.prepare_cached(include_str!("trace.sql"))?;
                let spans = statement.query_map([id.to_hex()], trace_span)?;
                Ok(spans.collect::<Result<Vec<_>, _>>()?)
            })
            .await?;
        Ok((!spans.is_empty()).then_some(Trace { trace_id: id, spans }))
    }

    /// Spans of a trace that hold `text` in their names, status or any attribute, event or scope, without case.
    pub async fn find_in_trace(&self, id: TraceId, text: String) -> Result<Vec<SpanId>, StoreError> {
        self.ask(move |db| {
            let mut statement = db.prepare_cached(include_str!("find_in_trace.sql"))?;
            let ids = statement.query_map([id.to_hex(), text.to_lowercase()], |row| rows::span_id(row, "span_id"))?;
            Ok(ids.collect::<Result<Vec<_>, _>>()?)
        })
        .await
    }

    /// The log lines of a trace, by time.
    pub async fn logs_of_trace(&self, id: TraceId) -> Result<Vec<LogLine>, StoreError> {
        self.ask(move |db| {
            let mut statement = db.prepare_cached(include_str!("logs_of_trace.sql"))?;
            let lines = statement.query_map([id.to_hex()], rows::log_from_row)?;
            Ok(lines.collect::<Result<Vec<_>, _>>()?)
        })
        .await
    }

    /// What was recorded during the spans of a trace, by time; at most 10,000.
    pub async fn events_of_trace(&self, id: TraceId) -> Result<Vec<SpanEvent>, StoreError> {
        self.ask(move |db| {
            let mut statement = db.prepare_cached(include_str!("events_of_trace.sql"))?;
            let events = statement.query_map([id.to_hex()], |row| {
                Ok(SpanEvent {
                    span_id: rows::span_id(row, "span_id")?,
                    event: rows::event_from_sql(&row.get::<_, Sql>("event")?),
                })
            })?;
            Ok(events.collect::<Result<Vec<_>, _>>()?)
        })
        .await
    }

    /// How long `span` took among spans of its service, name and kind that began in the hour before it.
    pub async fn rank(&self, span: &TraceSpan) -> Result<Rank, StoreError> {
        const HOUR: u64 = 3_600_000_000_000;
        let (service, name, kind) = (span.service.clone(), span.name.clone(), span.kind.name().into_owned());
        let (from, to) = (span.started_at.minus(HOUR).nanos(), span.started_at.nanos());
        let duration = i64::try_from(span.duration).unwrap_or(i64::MAX);
        self.ask(move |db| {
            let mut statement = db.prepare_cached(include_str!("rank_of_span.sql"))?;
            let asked = named_params! {
                "service": service, "name": name, "kind": kind, "from": from, "to": to, "duration": duration
            };
            Ok(statement.query_row(asked, |row| {
                let count = |name| rows::whole(row, name).map(Option::unwrap_or_default);
                Ok(Rank { alike: count("alike")?, faster: count("faster")? })
            })?)
        })
        .await
    }

    /// Traces that began as `trace` does, within a day of it: of all, the cold, the warm and each version the one in the middle.
    pub async fn alike(&self, trace: &Trace) -> Result<Vec<Alike>, StoreError> {
        const DAY: u64 = 24 * 3_600_000_000_000;
        let Some(root) = trace.root() else { return Ok(Vec::new()) };
        let (service, name, id) = (root.service.clone(), root.name.clone(), trace.trace_id.to_hex());
        let (from, to) = (root.started_at.minus(DAY).nanos(), root.started_at.plus(DAY).nanos());
        self.ask(move |db| {
            let mut statement = db.prepare_cached(include_str!("alike.sql"))?;
            let asked = named_params! { "service": service, "name": name, "trace": id, "from": from, "to": to };
            let found = statement.query_map(asked, |row| {
                Ok(Alike {
                    group: match row.get::<_, String>("group")?.as_str() {
                        "cold" => AlikeGroup::Cold,
                        "warm" => AlikeGroup::Warm,
                        "version" => AlikeGroup::Version(row.get("label")?),
                        _ => AlikeGroup::All,
                    },
                    trace_id: rows::trace_id(row, "trace_id")?,
                    response: rows::whole(row, "response_ns")?.unwrap_or_default(),
                    of: rows::whole(row, "members")?.unwrap_or_default(),
                })
            })?;
            Ok(found.collect::<Result<Vec<_>, _>>()?)
        })
        .await
    }

    /// Ids of traces that begin like `id`, for whoever mistyped one or lost its end.
    pub async fn near_traces(&self, id: TraceId) -> Result<Vec<TraceId>, StoreError> {
        self.ask(move |db| {
            let mut statement = db.prepare_cached(include_str!("near_traces.sql"))?;
            let ids = statement.query_map([&id.to_hex()[..8]], |row| rows::trace_id(row, "trace_id"))?;
            Ok(ids.collect::<Result<Vec<_>, _>>()?)
        })
        .await
    }
}

fn trace_span(row: &Row<'_>) -> duckdb::Result<TraceSpan> {
    let event_times = match row.get("event_times")? {
        Sql::List(times) => times
            .iter()
            .filter_map(|at| match at {
                Sql::BigInt(nanos) => Some(Timestamp::from_sql(*nanos)),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    Ok(TraceSpan {
        span_id: rows::span_id(row, "span_id")?,
        parent_span_id: row.get::<_, Option<String>>("parent_span_id")?.and_then(|hex| SpanId::from_hex(&hex)),
        name: row.get("name")?,
        kind: Kind::from_name(&row.get::<_, String>("kind")?),
        service: row.get("service")?,
        platform: NodeKind::from_name(&row.get::<_, String>("platform")?),
        resource: ResourceId(row.get("resource_id")?),
        started_at: Timestamp::from_sql(row.get("started_ns")?),
        duration: row.get::<_, i64>("duration_ns")?.unsigned_abs(),
        outcome: Outcome::from_marks(row.get("error")?, row.get("fault")?, row.get("throttle")?),
        status_code: StatusCode::from_name(&row.get::<_, String>("status")?),
        status_message: row.get("status_message")?,
        http_status: row.get("http_status")?,
        error_type: row.get("error_type")?,
        remote: remote(row)?,
        way: Way::from_name(&row.get::<_, String>("way")?),
        invocation_id: row.get("invocation_id")?,
        records: row.get("records")?,
        sent_at: row.get::<_, Option<i64>>("sent_ms")?.and_then(sent_at),
        event_times,
        links: row.get("links")?,
        oddities: Oddities(row.get("oddities")?),
        received_at: Timestamp::from_sql(row.get("received_ns")?),
    })
}

/// From milliseconds since 1970, as a sender wrote them.
fn sent_at(ms: i64) -> Option<Timestamp> {
    u64::try_from(ms).ok().filter(|ms| *ms > 0).and_then(|ms| ms.checked_mul(1_000_000)).map(Timestamp::from_nanos)
}

fn remote(row: &Row<'_>) -> duckdb::Result<Option<Node>> {
    let kind: Option<String> = row.get("remote_kind")?;
    let name: Option<String> = row.get("remote_name")?;
    Ok(kind.zip(name).map(|(kind, name)| Node::new(NodeKind::from_name(&kind), name)))
}
