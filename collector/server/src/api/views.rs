//! Model values as the API writes them: snake case, times as RFC 3339 in UTC, durations in whole nanoseconds, ids as hex.

use coldlight_model::{
    Attributes, DurationHistogram, EntryBin, LogLine, MapEdge, MapNode, Node, NodeStats, Operation, ServiceSummary,
    SpanDetail, SpanRef, TimeRange, Timestamp, TraceSpan, TraceSummary, Value,
};
use coldlight_ui::Zone;
use serde::{Serialize, Serializer};

use super::spending::spent;

/// A time as `2026-11-20T14:05:00.123456789Z`.
pub struct Time(pub Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zone::utc().rfc3339(self.0))
    }
}

/// Anything that displays as its id.
pub struct Id<T>(pub T);

impl<T: std::fmt::Display> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

#[derive(Serialize)]
pub struct Range {
    from: Time,
    to: Time,
}

impl From<TimeRange> for Range {
    fn from(range: TimeRange) -> Self {
        Self { from: Time(range.from), to: Time(range.to) }
    }
}

/// Counts by outcome and the quantiles of the durations.
#[derive(Serialize)]
pub struct Stats {
    calls: u64,
    errors: u64,
    faults: u64,
    throttles: u64,
    p50_ns: Option<u64>,
    p95_ns: Option<u64>,
    p99_ns: Option<u64>,
}

impl Stats {
    fn new([calls, errors, faults, throttles]: [u64; 4], durations: &DurationHistogram) -> Self {
        let at = |q| durations.quantile(q);
        Self { calls, errors, faults, throttles, p50_ns: at(0.5), p95_ns: at(0.95), p99_ns: at(0.99) }
    }
}

impl From<&NodeStats> for Stats {
    fn from(stats: &NodeStats) -> Self {
        Self::new([stats.calls, stats.errors, stats.faults, stats.throttles], &stats.durations)
    }
}

#[derive(Serialize)]
pub struct Service<'a> {
    service: &'a str,
    platform: &'static str,
    #[serde(flatten)]
    stats: Stats,
}

impl<'a> From<&'a ServiceSummary> for Service<'a> {
    fn from(one: &'a ServiceSummary) -> Self {
        let counts = [one.calls, one.errors, one.faults, one.throttles];
        Self { service: &one.service, platform: one.platform.name(), stats: Stats::new(counts, &one.durations) }
    }
}

#[derive(Serialize)]
pub struct OperationView<'a> {
    service: &'a str,
    name: &'a str,
    kind: String,
    #[serde(flatten)]
    stats: Stats,
}

impl<'a> From<&'a Operation> for OperationView<'a> {
    fn from(one: &'a Operation) -> Self {
        let counts = [one.calls, one.errors, one.faults, one.throttles];
        let stats = Stats::new(counts, &one.durations);
        Self { service: &one.service, name: &one.name, kind: one.kind.name().into_owned(), stats }
    }
}

#[derive(Serialize)]
pub struct TraceRow<'a> {
    trace_id: Id<coldlight_model::TraceId>,
    root_service: &'a str,
    root_platform: &'static str,
    root_name: &'a str,
    has_root: bool,
    started_at: Time,
    response_ns: u64,
    completed_ns: u64,
    spans: u64,
    services: &'a [String],
    errors: u64,
    faults: u64,
    throttles: u64,
    cold_starts: u64,
    /// Decimal text; null where no invocation has a price.
    cost_usd: Option<String>,
    unpriced: u64,
}

impl<'a> From<&'a TraceSummary> for TraceRow<'a> {
    fn from(one: &'a TraceSummary) -> Self {
        Self {
            trace_id: Id(one.trace_id),
            root_service: &one.root_service,
            root_platform: one.root_platform.name(),
            root_name: &one.root_name,
            has_root: one.has_root,
            started_at: Time(one.started_at),
            response_ns: one.response,
            completed_ns: one.completed,
            spans: one.spans,
            services: &one.services,
            errors: one.errors,
            faults: one.faults,
            throttles: one.throttles,
            cold_starts: one.cold,
            cost_usd: one.cost.map(|cost| cost.to_string()),
            unpriced: one.unpriced,
        }
    }
}

#[derive(Serialize)]
pub struct NodeView<'a> {
    id: String,
    kind: &'static str,
    name: &'a str,
}

impl<'a> From<&'a Node> for NodeView<'a> {
    fn from(node: &'a Node) -> Self {
        Self { id: node.id(), kind: node.kind.name(), name: &node.name }
    }
}

#[derive(Serialize)]
pub struct MapNodeView<'a> {
    #[serde(flatten)]
    node: NodeView<'a>,
    seen: bool,
    /// As its sender says.
    team: Option<&'a str>,
    #[serde(flatten)]
    stats: Stats,
    /// Of functions.
    spent: Option<serde_json::Value>,
}

impl<'a> From<&'a MapNode> for MapNodeView<'a> {
    fn from(one: &'a MapNode) -> Self {
        Self {
            node: (&one.node).into(),
            seen: one.seen,
            team: one.team.as_deref(),
            stats: (&one.stats).into(),
            spent: one.bill.as_ref().map(|bill| spent(&bill.spent)),
        }
    }
}

#[derive(Serialize)]
pub struct MapEdgeView {
    from: String,
    to: String,
    way: &'static str,
    #[serde(flatten)]
    stats: Stats,
}

impl From<&MapEdge> for MapEdgeView {
    fn from(edge: &MapEdge) -> Self {
        Self { from: edge.from.id(), to: edge.to.id(), way: edge.way.name(), stats: (&edge.stats).into() }
    }
}

#[derive(Serialize)]
pub struct Bin {
    from: Time,
    #[serde(flatten)]
    stats: Stats,
}

impl From<&EntryBin> for Bin {
    fn from(bin: &EntryBin) -> Self {
        Self { from: Time(bin.from), stats: (&bin.stats).into() }
    }
}

/// A span as the waterfall has it, without attributes.
#[derive(Serialize)]
pub struct SpanRow<'a> {
    span_id: Id<coldlight_model::SpanId>,
    parent_span_id: Option<Id<coldlight_model::SpanId>>,
    name: &'a str,
    kind: String,
    service: &'a str,
    platform: &'static str,
    resource_id: Id<coldlight_model::ResourceId>,
    started_at: Time,
    duration_ns: u64,
    outcome: &'static str,
    status: String,
    status_message: &'a str,
    http_status: Option<u16>,
    error_type: Option<&'a str>,
    remote: Option<NodeView<'a>>,
    way: &'static str,
    invocation_id: Option<&'a str>,
    records: Option<i64>,
    waited_ns: Option<u64>,
    events_at: Vec<Time>,
    links: u32,
    oddities: Vec<&'static str>,
    received_at: Time,
}

impl<'a> SpanRow<'a> {
    /// `parent` is the span's, where it is here.
    pub fn new(span: &'a TraceSpan, parent: Option<&TraceSpan>) -> Self {
        Self {
            span_id: Id(span.span_id),
            parent_span_id: span.parent_span_id.map(Id),
            name: &span.name,
            kind: span.kind.name().into_owned(),
            service: &span.service,
            platform: span.platform.name(),
            resource_id: Id(span.resource),
            started_at: Time(span.started_at),
            duration_ns: span.duration,
            outcome: span.outcome.name(),
            status: span.status_code.name().into_owned(),
            status_message: &span.status_message,
            http_status: span.http_status,
            error_type: span.error_type.as_deref(),
            remote: span.remote.as_ref().map(NodeView::from),
            way: span.way.name(),
            invocation_id: span.invocation_id.as_deref(),
            records: span.records,
            waited_ns: span.waited(parent),
            events_at: span.event_times.iter().copied().map(Time).collect(),
            links: span.links,
            oddities: span.oddities.names(),
            received_at: Time(span.received_at),
        }
    }
}

/// Everything kept about one span.
pub fn detail(detail: &SpanDetail) -> serde_json::Value {
    let span = &detail.span;
    let events = span.events.iter().map(|event| {
        serde_json::json!({ "at": Time(event.at), "name": event.name, "attributes": attributes(&event.attributes) })
    });
    let links = span.links.iter().map(|link| {
        serde_json::json!({ "trace_id": Id(link.trace_id), "span_id": Id(link.span_id), "trace_state": link.trace_state,
            "attributes": attributes(&link.attributes) })
    });
    serde_json::json!({
        "trace_id": Id(span.trace_id),
        "span_id": Id(span.span_id),
        "parent_span_id": span.parent_span_id.map(Id),
        "trace_state": span.trace_state,
        "flags": span.flags,
        "name": span.name,
        "kind": span.kind.name(),
        "service": detail.resource.service(),
        "started_at": Time(span.started_at),
        "ended_at": Time(span.ended_at),
        "duration_ns": span.duration(),
        "status": span.status_code.name(),
        "status_message": span.status_message,
        "attributes": attributes(&span.attributes),
        "dropped_attributes": span.dropped_attributes_count,
        "events": events.collect::<Vec<_>>(),
        "dropped_events": span.dropped_events_count,
        "links": links.collect::<Vec<_>>(),
        "dropped_links": span.dropped_links_count,
        "resource": { "attributes": attributes(&detail.resource.attributes), "schema_url": detail.resource.schema_url },
        "scope": { "name": detail.scope.name, "version": detail.scope.version,
            "attributes": attributes(&detail.scope.attributes) },
        "links_to": detail.links_to.iter().map(span_ref).collect::<Vec<_>>(),
        "linked_from": detail.linked_from.iter().map(span_ref).collect::<Vec<_>>(),
        "logs": detail.logs.iter().map(log_line).collect::<Vec<_>>(),
        "oddities": span.oddities.names(),
        "received_at": Time(detail.received_at),
    })
}

fn span_ref(one: &SpanRef) -> serde_json::Value {
    serde_json::json!({ "trace_id": Id(one.trace_id), "span_id": Id(one.span_id), "service": one.service,
        "name": one.name, "started_at": one.started_at.map(Time), "ended_at": one.ended_at.map(Time) })
}

fn log_line(line: &LogLine) -> serde_json::Value {
    let record = &line.record;
    serde_json::json!({ "at": record.at.map(Time), "observed_at": record.observed_at.map(Time),
        "service": line.service, "severity_number": record.severity_number, "severity": record.severity_text,
        "body": value(&record.body), "attributes": attributes(&record.attributes), "event": record.event_name,
        "trace_id": record.trace_id.map(Id), "span_id": record.span_id.map(Id) })
}

fn attributes(all: &Attributes) -> serde_json::Value {
    serde_json::Value::Object(all.iter().map(|(key, one)| (key.to_owned(), value(one))).collect())
}

/// Plain JSON: bytes are base64 text, NaN and the infinities their names, as in [`Value::to_json`].
fn value(value: &Value) -> serde_json::Value {
    serde_json::from_str(&value.to_json()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_their_nanoseconds() {
        let text = serde_json::to_string(&Time(Timestamp::from_nanos(1_795_183_402_418_000_001))).unwrap();
        assert_eq!(text, "\"2026-11-20T14:03:22.418000001Z\"");
    }

    #[test]
    fn attributes_keep_their_types() {
        let all = Attributes::from_iter([
            ("n", Value::Int(i64::MAX)),
            ("t", "x\u{0}".into()),
            ("d", Value::Double(f64::INFINITY)),
            ("a", Value::Array(vec![Value::Bool(true), Value::Null])),
        ]);
        let expected = serde_json::json!({ "n": i64::MAX, "t": "x\u{0}", "d": "Infinity", "a": [true, null] });
        assert_eq!(attributes(&all), expected);
    }
}
