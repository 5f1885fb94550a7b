//! Rows of `trace.sql` to model values, column by column: a trace may have 100,000 of them, and a page waits.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, ListArray, PrimitiveArray, StringArray};
use arrow::datatypes::{ArrowPrimitiveType, DataType, Int64Type, UInt16Type, UInt32Type, UInt64Type};
use arrow::record_batch::RecordBatch;
use coldlight_model::{
    Kind, Node, NodeKind, Oddities, Outcome, ResourceId, SpanId, StatusCode, Timestamp, TraceSpan, Way,
};
use duckdb::types::Type;

/// Appends the rows of `batch`, and counts those that came with journal records after `sequence`.
pub(crate) fn trace_spans(batch: &RecordBatch, sequence: u64, spans: &mut Vec<TraceSpan>) -> duckdb::Result<u64> {
    let of = Columns::new(batch)?;
    spans.reserve(batch.num_rows());
    for row in 0..batch.num_rows() {
        spans.push(of.span(row)?);
    }
    Ok(of.sequence.values().iter().filter(|of| **of > sequence).count() as u64)
}

struct Columns<'a> {
    sequence: &'a PrimitiveArray<UInt64Type>,
    span_id: &'a StringArray,
    parent_span_id: &'a StringArray,
    name: &'a StringArray,
    kind: &'a StringArray,
    service: &'a StringArray,
    platform: &'a StringArray,
    resource_id: &'a PrimitiveArray<UInt64Type>,
    started_ns: &'a PrimitiveArray<Int64Type>,
    duration_ns: &'a PrimitiveArray<Int64Type>,
    error: &'a BooleanArray,
    fault: &'a BooleanArray,
    throttle: &'a BooleanArray,
    status: &'a StringArray,
    status_message: &'a StringArray,
    http_status: &'a PrimitiveArray<UInt16Type>,
    error_type: &'a StringArray,
    remote_kind: &'a StringArray,
    remote_name: &'a StringArray,
    way: &'a StringArray,
    invocation_id: &'a StringArray,
    records: &'a PrimitiveArray<Int64Type>,
    sent_ms: &'a PrimitiveArray<Int64Type>,
    event_times: &'a ListArray,
    links: &'a PrimitiveArray<UInt32Type>,
    oddities: &'a PrimitiveArray<UInt16Type>,
    received_ns: &'a PrimitiveArray<Int64Type>,
}

impl<'a> Columns<'a> {
    fn new(batch: &'a RecordBatch) -> duckdb::Result<Self> {
        Ok(Self {
            sequence: numbers(batch, "sequence")?,
            span_id: texts(batch, "span_id")?,
            parent_span_id: texts(batch, "parent_span_id")?,
            name: texts(batch, "name")?,
            kind: texts(batch, "kind")?,
            service: texts(batch, "service")?,
            platform: texts(batch, "platform")?,
            resource_id: numbers(batch, "resource_id")?,
            started_ns: numbers(batch, "started_ns")?,
            duration_ns: numbers(batch, "duration_ns")?,
            error: marks(batch, "error")?,
            fault: marks(batch, "fault")?,
            throttle: marks(batch, "throttle")?,
            status: texts(batch, "status")?,
            status_message: texts(batch, "status_message")?,
            http_status: numbers(batch, "http_status")?,
            error_type: texts(batch, "error_type")?,
            remote_kind: texts(batch, "remote_kind")?,
            remote_name: texts(batch, "remote_name")?,
            way: texts(batch, "way")?,
            invocation_id: texts(batch, "invocation_id")?,
            records: numbers(batch, "records")?,
            sent_ms: numbers(batch, "sent_ms")?,
            event_times: column(batch, "event_times", |array| array.as_list_opt())?,
            links: numbers(batch, "links")?,
            oddities: numbers(batch, "oddities")?,
            received_ns: numbers(batch, "received_ns")?,
        })
    }

    fn span(&self, row: usize) -> duckdb::Result<TraceSpan> {
        let maybe = |texts: &'a StringArray| (!texts.is_null(row)).then(|| texts.value(row));
        let owned = |texts: &'a StringArray| maybe(texts).map(str::to_owned);
        let remote = maybe(self.remote_kind).zip(maybe(self.remote_name));
        let span_id = SpanId::from_hex(self.span_id.value(row));
        Ok(TraceSpan {
            span_id: span_id.ok_or_else(|| duckdb::Error::InvalidColumnType(0, "span_id".to_owned(), Type::Text))?,
            parent_span_id: maybe(self.parent_span_id).and_then(SpanId::from_hex),
            name: self.name.value(row).to_owned(),
            kind: Kind::from_name(self.kind.value(row)),
            service: self.service.value(row).to_owned(),
            platform: NodeKind::from_name(self.platform.value(row)),
            resource: ResourceId(self.resource_id.value(row)),
            started_at: Timestamp::from_sql(self.started_ns.value(row)),
            duration: self.duration_ns.value(row).unsigned_abs(),
            outcome: Outcome::from_marks(self.error.value(row), self.fault.value(row), self.throttle.value(row)),
            status_code: StatusCode::from_name(self.status.value(row)),
            status_message: self.status_message.value(row).to_owned(),
            http_status: number(self.http_status, row),
            error_type: owned(self.error_type),
            remote: remote.map(|(kind, name)| Node::new(NodeKind::from_name(kind), name)),
            way: Way::from_name(self.way.value(row)),
            invocation_id: owned(self.invocation_id),
            records: number(self.records, row),
            sent_at: number(self.sent_ms, row).and_then(sent_at),
            event_times: self.event_times(row),
            links: number(self.links, row).unwrap_or(0),
            oddities: Oddities(self.oddities.value(row)),
            received_at: Timestamp::from_sql(self.received_ns.value(row)),
        })
    }

    fn event_times(&self, row: usize) -> Vec<Timestamp> {
        if self.event_times.is_null(row) || self.event_times.value_length(row) == 0 {
            return Vec::new();
        }
        let times = self.event_times.value(row);
        let times = times.as_primitive_opt::<Int64Type>();
        times.into_iter().flat_map(|times| times.iter().flatten()).map(Timestamp::from_sql).collect()
    }
}

/// From milliseconds since 1970, as a sender wrote them.
fn sent_at(ms: i64) -> Option<Timestamp> {
    u64::try_from(ms).ok().filter(|ms| *ms > 0).and_then(|ms| ms.checked_mul(1_000_000)).map(Timestamp::from_nanos)
}

fn column<'a, T>(batch: &'a RecordBatch, name: &str, read: impl Fn(&'a ArrayRef) -> Option<T>) -> duckdb::Result<T> {
    let array = batch.column_by_name(name).ok_or_else(|| duckdb::Error::InvalidColumnName(name.to_owned()))?;
    read(array).ok_or_else(|| duckdb::Error::InvalidColumnType(0, name.to_owned(), kind_of(array.data_type())))
}

/// Near enough for an error that only a wrong query makes.
fn kind_of(kind: &DataType) -> Type {
    if kind.is_integer() { Type::BigInt } else { Type::Any }
}

fn texts<'a>(batch: &'a RecordBatch, name: &str) -> duckdb::Result<&'a StringArray> {
    column(batch, name, |array| array.as_string_opt())
}

fn marks<'a>(batch: &'a RecordBatch, name: &str) -> duckdb::Result<&'a BooleanArray> {
    column(batch, name, |array| array.as_boolean_opt())
}

fn numbers<'a, T: ArrowPrimitiveType>(batch: &'a RecordBatch, name: &str) -> duckdb::Result<&'a PrimitiveArray<T>> {
    column(batch, name, |array| array.as_primitive_opt())
}

fn number<T: ArrowPrimitiveType>(array: &PrimitiveArray<T>, row: usize) -> Option<T::Native> {
    (!array.is_null(row)).then(|| array.value(row))
}
