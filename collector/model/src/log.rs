//! A log record as it was sent.

use crate::{Attributes, SpanId, Timestamp, TraceId, Value};

/// One log record. `resource` and `scope` are indices into the [`crate::Batch`] it came with.
#[derive(Clone, Debug, PartialEq)]
pub struct LogRecord {
    /// When it happened; `None` when the source did not know (OTLP's 0).
    pub at: Option<Timestamp>,
    pub observed_at: Option<Timestamp>,
    pub trace_id: Option<TraceId>,
    pub span_id: Option<SpanId>,
    pub flags: u32,
    pub severity_number: i32,
    pub severity_text: String,
    pub body: Value,
    pub attributes: Attributes,
    pub dropped_attributes_count: u32,
    pub event_name: String,
    pub resource: u32,
    pub scope: u32,
}
