//! The part of OTLP's schema that walking its bytes needs: which fields are messages, which are text, and what each element
//! takes once decoded.
//!
//! Source: opentelemetry-proto 1.11 as in the crate `opentelemetry-proto`. A test fills every field of the crate's structs
//! and fails when one of them is not known here.

use opentelemetry_proto::tonic::common::v1 as common;
use opentelemetry_proto::tonic::logs::v1 as logs;
use opentelemetry_proto::tonic::metrics::v1 as metrics;
use opentelemetry_proto::tonic::trace::v1 as trace;

/// The message types of the three export requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Message {
    #[default]
    TraceRequest,
    ResourceSpans,
    ScopeSpans,
    Span,
    Event,
    Link,
    Status,
    LogsRequest,
    ResourceLogs,
    ScopeLogs,
    LogRecord,
    MetricsRequest,
    ResourceMetrics,
    ScopeMetrics,
    Metric,
    Gauge,
    Sum,
    Histogram,
    ExponentialHistogram,
    Summary,
    NumberPoint,
    HistogramPoint,
    ExponentialPoint,
    Buckets,
    SummaryPoint,
    Quantile,
    Exemplar,
    Resource,
    EntityRef,
    Scope,
    KeyValue,
    AnyValue,
    ArrayValue,
    KeyValueList,
}

const MESSAGES: usize = Message::KeyValueList as usize + 1;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    /// Not in the schema: skipped, as protobuf demands.
    Unknown,
    Varint,
    Fixed32,
    Fixed64,
    Text,
    Bytes,
    /// Repeated numbers, packed or not; decoded to 8 bytes each.
    Varints,
    Fixed64s,
    /// `size` bytes of memory for each one; 0 where it lies within its parent.
    Message(Message, u16),
    /// An array or a map within an attribute value: one level of nesting.
    Container(Message),
}

/// One above the highest field number in use (`Span.flags`).
const NUMBERS: usize = 17;

type Fields = [Field; NUMBERS];

/// What field `number` of `message` holds.
#[inline]
pub(crate) fn field(message: Message, number: u32) -> Field {
    SCHEMA[message as usize].get(number as usize).copied().unwrap_or(Field::Unknown)
}

const fn fields(known: &[(usize, Field)]) -> Fields {
    let mut all = [Field::Unknown; NUMBERS];
    let mut at = 0;
    while at < known.len() {
        all[known[at].0] = known[at].1;
        at += 1;
    }
    all
}

const fn one(message: Message) -> Field {
    Field::Message(message, 0)
}

const fn many<T>(message: Message) -> Field {
    Field::Message(message, size_of::<T>() as u16)
}

const fn attributes() -> Field {
    many::<common::KeyValue>(Message::KeyValue)
}

static SCHEMA: [Fields; MESSAGES] = {
    use Field::{Bytes, Container, Fixed32, Fixed64, Fixed64s, Text, Varint, Varints};
    use Message as M;

    let mut all = [[Field::Unknown; NUMBERS]; MESSAGES];

    all[M::TraceRequest as usize] = fields(&[(1, many::<trace::ResourceSpans>(M::ResourceSpans))]);
    all[M::ResourceSpans as usize] =
        fields(&[(1, one(M::Resource)), (2, many::<trace::ScopeSpans>(M::ScopeSpans)), (3, Text)]);
    all[M::ScopeSpans as usize] = fields(&[(1, one(M::Scope)), (2, many::<trace::Span>(M::Span)), (3, Text)]);
    all[M::Span as usize] = fields(&[
        (1, Bytes),
        (2, Bytes),
        (3, Text),
        (4, Bytes),
        (5, Text),
        (6, Varint),
        (7, Fixed64),
        (8, Fixed64),
        (9, attributes()),
        (10, Varint),
        (11, many::<trace::span::Event>(M::Event)),
        (12, Varint),
        (13, many::<trace::span::Link>(M::Link)),
        (14, Varint),
        (15, one(M::Status)),
        (16, Fixed32),
    ]);
    all[M::Event as usize] = fields(&[(1, Fixed64), (2, Text), (3, attributes()), (4, Varint)]);
    all[M::Link as usize] = fields(&[(1, Bytes), (2, Bytes), (3, Text), (4, attributes()), (5, Varint), (6, Fixed32)]);
    all[M::Status as usize] = fields(&[(2, Text), (3, Varint)]);

    all[M::LogsRequest as usize] = fields(&[(1, many::<logs::ResourceLogs>(M::ResourceLogs))]);
    all[M::ResourceLogs as usize] =
        fields(&[(1, one(M::Resource)), (2, many::<logs::ScopeLogs>(M::ScopeLogs)), (3, Text)]);
    all[M::ScopeLogs as usize] = fields(&[(1, one(M::Scope)), (2, many::<logs::LogRecord>(M::LogRecord)), (3, Text)]);
    all[M::LogRecord as usize] = fields(&[
        (1, Fixed64),
        (2, Varint),
        (3, Text),
        (5, one(M::AnyValue)),
        (6, attributes()),
        (7, Varint),
        (8, Fixed32),
        (9, Bytes),
        (10, Bytes),
        (11, Fixed64),
        (12, Text),
    ]);

    all[M::MetricsRequest as usize] = fields(&[(1, many::<metrics::ResourceMetrics>(M::ResourceMetrics))]);
    all[M::ResourceMetrics as usize] =
        fields(&[(1, one(M::Resource)), (2, many::<metrics::ScopeMetrics>(M::ScopeMetrics)), (3, Text)]);
    all[M::ScopeMetrics as usize] = fields(&[(1, one(M::Scope)), (2, many::<metrics::Metric>(M::Metric)), (3, Text)]);
    all[M::Metric as usize] = fields(&[
        (1, Text),
        (2, Text),
        (3, Text),
        (5, one(M::Gauge)),
        (7, one(M::Sum)),
        (9, one(M::Histogram)),
        (10, one(M::ExponentialHistogram)),
        (11, one(M::Summary)),
        (12, attributes()),
    ]);
    let numbers = many::<metrics::NumberDataPoint>(M::NumberPoint);
    all[M::Gauge as usize] = fields(&[(1, numbers)]);
    all[M::Sum as usize] = fields(&[(1, numbers), (2, Varint), (3, Varint)]);
    all[M::Histogram as usize] = fields(&[(1, many::<metrics::HistogramDataPoint>(M::HistogramPoint)), (2, Varint)]);
    all[M::ExponentialHistogram as usize] =
        fields(&[(1, many::<metrics::ExponentialHistogramDataPoint>(M::ExponentialPoint)), (2, Varint)]);
    all[M::Summary as usize] = fields(&[(1, many::<metrics::SummaryDataPoint>(M::SummaryPoint))]);
    let exemplars = many::<metrics::Exemplar>(M::Exemplar);
    all[M::NumberPoint as usize] = fields(&[
        (2, Fixed64),
        (3, Fixed64),
        (4, Fixed64),
        (5, exemplars),
        (6, Fixed64),
        (7, attributes()),
        (8, Varint),
    ]);
    all[M::HistogramPoint as usize] = fields(&[
        (2, Fixed64),
        (3, Fixed64),
        (4, Fixed64),
        (5, Fixed64),
        (6, Fixed64s),
        (7, Fixed64s),
        (8, exemplars),
        (9, attributes()),
        (10, Varint),
        (11, Fixed64),
        (12, Fixed64),
    ]);
    all[M::ExponentialPoint as usize] = fields(&[
        (1, attributes()),
        (2, Fixed64),
        (3, Fixed64),
        (4, Fixed64),
        (5, Fixed64),
        (6, Varint),
        (7, Fixed64),
        (8, one(M::Buckets)),
        (9, one(M::Buckets)),
        (10, Varint),
        (11, exemplars),
        (12, Fixed64),
        (13, Fixed64),
        (14, Fixed64),
    ]);
    all[M::Buckets as usize] = fields(&[(1, Varint), (2, Varints)]);
    all[M::SummaryPoint as usize] = fields(&[
        (2, Fixed64),
        (3, Fixed64),
        (4, Fixed64),
        (5, Fixed64),
        (6, many::<metrics::summary_data_point::ValueAtQuantile>(M::Quantile)),
        (7, attributes()),
        (8, Varint),
    ]);
    all[M::Quantile as usize] = fields(&[(1, Fixed64), (2, Fixed64)]);
    all[M::Exemplar as usize] =
        fields(&[(2, Fixed64), (3, Fixed64), (4, Bytes), (5, Bytes), (6, Fixed64), (7, attributes())]);

    all[M::Resource as usize] = fields(&[(1, attributes()), (2, Varint), (3, many::<common::EntityRef>(M::EntityRef))]);
    // Each id key and description key is a `String` of its own, 24 bytes before its text.
    all[M::EntityRef as usize] = fields(&[(1, Text), (2, Text), (3, Text), (4, Text)]);
    all[M::Scope as usize] = fields(&[(1, Text), (2, Text), (3, attributes()), (4, Varint)]);
    all[M::KeyValue as usize] = fields(&[(1, Text), (2, one(M::AnyValue)), (3, Varint)]);
    all[M::AnyValue as usize] = fields(&[
        (1, Text),
        (2, Varint),
        (3, Varint),
        (4, Fixed64),
        (5, Container(M::ArrayValue)),
        (6, Container(M::KeyValueList)),
        (7, Bytes),
        (8, Varint),
    ]);
    all[M::ArrayValue as usize] = fields(&[(1, many::<common::AnyValue>(M::AnyValue))]);
    all[M::KeyValueList as usize] = fields(&[(1, attributes())]);
    all
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_take_what_was_measured() {
        assert_eq!(size_of::<trace::Span>(), 264);
        assert!(matches!(field(Message::KeyValueList, 1), Field::Message(Message::KeyValue, 56..=64)));
        assert!(matches!(field(Message::ArrayValue, 1), Field::Message(Message::AnyValue, 32)));
    }
}
