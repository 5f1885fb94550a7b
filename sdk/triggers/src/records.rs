//! How many records an event carries, and which span sent each.

use std::collections::HashSet;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::Value;

use crate::context::TraceContext;
use crate::json::{field, first, items, path, text};
use crate::source::Source;

/// The records of a batch, or the event itself.
pub(crate) fn records(event: &Value, source: Source) -> Vec<&Value> {
    if event.is_array() {
        return items(event);
    }
    match source {
        Source::Kafka => items(field(event, "records")).into_iter().flat_map(items).collect(),
        Source::RabbitMq => items(field(event, "rmqMessagesByQueue")).into_iter().flat_map(items).collect(),
        Source::ActiveMq => items(field(event, "messages")),
        Source::DocumentDb => items(field(event, "events")),
        Source::Firehose => items(field(event, "records")),
        Source::S3Batch => items(field(event, "tasks")),
        _ if field(event, "Records").is_array() => items(field(event, "Records")),
        _ => vec![event],
    }
}

/// Their number; one at least for what is no batch.
pub(crate) fn count(event: &Value, source: Source, records: &[&Value]) -> usize {
    match source {
        Source::CloudWatchLogs => log_batch(event).map_or(1, |batch| batch.events),
        _ => records.len(),
    }
}

/// The distinct contexts of a batch's records, in the order of the records.
pub(crate) fn links(source: Source, records: &[&Value]) -> Vec<TraceContext> {
    let mut known = HashSet::new();
    let contexts = records.iter().filter_map(|record| of_record(source, record));
    contexts.filter(|context| known.insert((context.trace_id, context.span_id))).collect()
}

/// Where a record of this source carries its sender, if it can: W3C first, then X-Ray.
pub(crate) fn of_record(source: Source, record: &Value) -> Option<TraceContext> {
    match source {
        Source::Sqs => queued(record),
        Source::Sns => TraceContext::from_message_attributes(path(record, &["Sns", "MessageAttributes"]), "Value"),
        Source::Kafka => kafka_headers(field(record, "headers")),
        Source::Kinesis => {
            let bytes = small_base64(text(record, &["kinesis", "data"]).or_else(|| text(record, &["data"]))?)?;
            in_payload(&serde_json::from_slice(&bytes).ok()?)
        }
        Source::DynamoDb => {
            let image = path(record, &["dynamodb", "NewImage"]);
            let attribute = |name: &str| text(image, &[name, "S"]);
            TraceContext::first(attribute("traceparent"), attribute("tracestate"), || None)
        }
        Source::RabbitMq => {
            let headers = path(record, &["basicProperties", "headers"]);
            let header = |name: &str| bytes_text(path(headers, &[name, "bytes"]));
            let (parent, state) = (header("traceparent"), header("tracestate"));
            TraceContext::first(parent.as_deref(), state.as_deref(), || None)
        }
        Source::ActiveMq => in_payload(field(record, "properties")),
        _ => None,
    }
}

/// A message of SQS: its own attributes, the platform's `AWSTraceHeader`, and those of an SNS envelope in its body.
fn queued(record: &Value) -> Option<TraceContext> {
    let own = field(record, "messageAttributes");
    let direct = |name: &str| text(own, &[name, "stringValue"]);
    let platform = || TraceContext::from_xray(text(record, &["attributes", "AWSTraceHeader"])?);
    TraceContext::first(direct("traceparent"), direct("tracestate"), || {
        let envelope = envelope(record);
        let inner = envelope
            .as_ref()
            .and_then(|sns| TraceContext::from_message_attributes(field(sns, "MessageAttributes"), "Value"));
        inner.or_else(platform).or_else(|| TraceContext::from_message_attributes(own, "stringValue"))
    })
}

/// A body that SNS wrote around a message.
pub(crate) fn envelope(record: &Value) -> Option<Value> {
    let body = text(record, &["body"])?;
    let likely = body.trim_start().starts_with('{') && body.contains("\"TopicArn\"");
    let value = likely.then(|| crate::event::parse(body.as_bytes()))?;
    (text(&value, &["Type"]) == Some("Notification") && field(&value, "TopicArn").is_string()).then_some(value)
}

/// What two sides may have agreed on: the header's name as a member, at the top or in `detail`, `_trace` or `headers`.
pub(crate) fn in_payload(payload: &Value) -> Option<TraceContext> {
    let at = |place: &Value| {
        let (parent, state) = (text(place, &["traceparent"]), text(place, &["tracestate"]));
        TraceContext::first(parent, state, || TraceContext::from_xray(text(place, &["X-Amzn-Trace-Id"])?))
    };
    at(payload)
        .or_else(|| at(field(payload, "_trace")))
        .or_else(|| TraceContext::from_headers(field(payload, "headers")))
}

/// `[{"traceparent": [48, 48, …]}, …]`
fn kafka_headers(headers: &Value) -> Option<TraceContext> {
    let header = |name: &str| {
        let all = headers.as_array()?.iter().filter_map(Value::as_object);
        all.flatten().find(|(key, _)| key.eq_ignore_ascii_case(name)).and_then(|(_, value)| bytes_text(value))
    };
    let (parent, state) = (header("traceparent"), header("tracestate"));
    TraceContext::first(parent.as_deref(), state.as_deref(), || TraceContext::from_xray(&header("x-amzn-trace-id")?))
}

/// A text given as numbers; longer ones than a header are none.
fn bytes_text(value: &Value) -> Option<String> {
    let numbers = value.as_array().filter(|numbers| numbers.len() <= 1024)?;
    let bytes: Option<Vec<u8>> = numbers.iter().map(|byte| byte.as_i64().map(|byte| byte as u8)).collect();
    String::from_utf8(bytes?).ok()
}

/// A payload that may hold a context; larger ones are not looked into, as there may be ten thousand.
fn small_base64(text: &str) -> Option<Vec<u8>> {
    const LARGEST: usize = 16 * 1024;
    (text.len() <= LARGEST).then(|| STANDARD.decode(text).ok())?
}

/// `{"ns": {"db", "coll"}}` of a change stream's first event.
pub(crate) fn document_namespace(event: &Value) -> Option<(&str, &str)> {
    let place = path(first(field(event, "events")), &["event", "ns"]);
    Some((text(place, &["db"])?, text(place, &["coll"])?))
}

pub(crate) fn log_group(event: &Value) -> Option<String> {
    log_batch(event)?.log_group
}

/// What is asked of a batch of log events.
#[derive(Deserialize)]
struct LogBatch {
    #[serde(default, rename = "logGroup")]
    log_group: Option<String>,
    #[serde(default, rename = "logEvents", deserialize_with = "length")]
    events: usize,
}

/// The most that is unpacked: a subscription's payload is at most 6 MB packed, and a longer one is cut off here.
const MOST_UNPACKED: u64 = 64 * 1024 * 1024;

/// Base64 of gzip of JSON, read without keeping the log lines.
fn log_batch(event: &Value) -> Option<LogBatch> {
    let packed = STANDARD.decode(text(event, &["awslogs", "data"])?).ok()?;
    let unpacked = flate2::read::GzDecoder::new(packed.as_slice()).take(MOST_UNPACKED);
    serde_json::from_reader(std::io::BufReader::new(unpacked)).ok()
}

fn length<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    struct Length;
    impl<'de> Visitor<'de> for Length {
        type Value = usize;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an array")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<usize, A::Error> {
            let mut count = 0;
            while items.next_element::<IgnoredAny>()?.is_some() {
                count += 1;
            }
            Ok(count)
        }
    }
    deserializer.deserialize_seq(Length)
}
