//! One trace as an answer: light rows for the waterfall, and everything about a single span for the panel.

use crate::{
    Event, Kind, LogRecord, Nanos, Node, NodeKind, Oddities, Outcome, Resource, ResourceId, Scope, Span, SpanId,
    StatusCode, Timestamp, TraceId, Way,
};

/// All spans of one trace, without their attributes: a trace of 100,000 spans must fit in memory many times over.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    pub trace_id: TraceId,
    /// By start, then span id.
    pub spans: Vec<TraceSpan>,
}

/// One row of a waterfall.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceSpan {
    pub span_id: SpanId,
    pub parent_span_id: Option<SpanId>,
    pub name: String,
    pub kind: Kind,
    pub service: String,
    /// What the service runs on.
    pub platform: NodeKind,
    pub resource: ResourceId,
    pub started_at: Timestamp,
    pub duration: Nanos,
    pub outcome: Outcome,
    pub status_code: StatusCode,
    pub status_message: String,
    pub http_status: Option<u16>,
    pub error_type: Option<String>,
    pub remote: Option<Node>,
    pub way: Way,
    /// Set on the span that is a function's invocation.
    pub invocation_id: Option<String>,
    pub records: Option<i64>,
    /// When the queue or topic took the (oldest) message, where the SDK passed that on.
    pub sent_at: Option<Timestamp>,
    /// When its events happened, in order.
    pub event_times: Vec<Timestamp>,
    pub links: u32,
    pub oddities: Oddities,
    pub received_at: Timestamp,
}

impl TraceSpan {
    pub fn ended_at(&self) -> Timestamp {
        self.started_at.plus(self.duration)
    }

    /// How long what it was given lay with a queue, topic or bus: since that took it, else since `parent`, its sender, had its answer.
    /// `None` where nobody hands over, or nobody knows when.
    pub fn waited(&self, parent: Option<&Self>) -> Option<Nanos> {
        let is_given = self.way != Way::Sync && matches!(self.kind, Kind::SERVER | Kind::CONSUMER);
        let sender = || parent.filter(|parent| matches!(parent.kind, Kind::CLIENT | Kind::PRODUCER));
        let sent = self.sent_at.or_else(|| sender().map(TraceSpan::ended_at)).filter(|_| is_given)?;
        (sent < self.started_at).then(|| self.started_at.since(sent))
    }
}

impl Trace {
    /// About how much memory it takes.
    pub fn bytes(&self) -> usize {
        let texts = |span: &TraceSpan| {
            let maybe = |text: &Option<String>| text.as_ref().map_or(0, String::capacity);
            span.name.capacity()
                + span.service.capacity()
                + span.status_message.capacity()
                + maybe(&span.error_type)
                + maybe(&span.invocation_id)
                + span.remote.as_ref().map_or(0, |remote| remote.name.capacity())
                + span.event_times.capacity() * size_of::<Timestamp>()
        };
        self.spans.capacity() * size_of::<TraceSpan>() + self.spans.iter().map(texts).sum::<usize>()
    }

    /// From the first start to the last end: when it was *completed*.
    pub fn length(&self) -> Nanos {
        self.end().since(self.start())
    }

    pub fn start(&self) -> Timestamp {
        self.spans.iter().map(|span| span.started_at).min().unwrap_or_default()
    }

    pub fn end(&self) -> Timestamp {
        self.spans.iter().map(TraceSpan::ended_at).max().unwrap_or_default()
    }

    /// The span that answers for the trace: the earliest without a parent, else the earliest whose parent never came.
    pub fn root(&self) -> Option<&TraceSpan> {
        let known: std::collections::HashSet<SpanId> = self.spans.iter().map(|span| span.span_id).collect();
        let without = self.spans.iter().filter(|span| span.parent_span_id.is_none()).min_by_key(|span| span.started_at);
        without.or_else(|| {
            self.spans
                .iter()
                .filter(|span| span.parent_span_id.is_some_and(|parent| !known.contains(&parent)))
                .min_by_key(|span| span.started_at)
        })
    }
}

/// Everything kept about one span.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanDetail {
    pub span: Span,
    pub resource: Resource,
    pub scope: Scope,
    pub received_at: Timestamp,
    /// Spans anywhere that link to this one.
    pub linked_from: Vec<SpanRef>,
    /// Where its own links lead; `name` and `service` are empty when that span is not here.
    pub links_to: Vec<SpanRef>,
    pub logs: Vec<LogLine>,
}

/// A span of any trace, named.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanRef {
    pub trace_id: TraceId,
    pub span_id: SpanId,
    pub service: String,
    pub name: String,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

/// A log record with the name of who wrote it.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    pub record: LogRecord,
    pub service: String,
}

/// Something recorded during a span.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanEvent {
    pub span_id: SpanId,
    pub event: Event,
}

/// How long a span took among its like: spans of the same service, operation and kind that began in the hour before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rank {
    pub alike: u64,
    /// Of these, how many took less time.
    pub faster: u64,
}

/// Of the traces that begin like one, the one in the middle of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Alike {
    pub group: AlikeGroup,
    pub trace_id: TraceId,
    /// Its root's duration: the median of the group.
    pub response: Nanos,
    /// How many the group has.
    pub of: u64,
}

/// Which of the traces that begin like one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlikeGroup {
    All,
    /// With an invocation that began cold.
    Cold,
    /// With invocations, all of them warm.
    Warm,
    /// Whose root ran as this version.
    Version(String),
}
