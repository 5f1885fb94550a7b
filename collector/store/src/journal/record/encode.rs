//! The writing half of the record codec.

use coldlight_model::{
    Attributes, Batch, Event, Link, LogRecord, MetricPoint, Resource, Scope, Span, Timestamp, TraceId, Value,
};

use super::{DEEPEST, log_has, span_has, tag};

/// Slots of the table of keys seen: enough for the keys of a usual batch, small enough to clear for every batch.
const SLOTS: usize = 256;

/// What a heap allocation costs beyond its bytes: the allocator's header and rounding.
const ALLOCATION: usize = 16;

/// Remembers where keys were written. Two keys of one slot push each other out and are written again: that costs bytes, never
/// correctness, and saves every search.
struct Keys<'a> {
    slots: [(&'a str, u64); SLOTS],
    written: u64,
}

impl<'a> Keys<'a> {
    /// The number of an earlier `key` plus 1, or 0 and `key` takes the next number.
    fn reference(&mut self, key: &'a str) -> u64 {
        let slot = &mut self.slots[Self::slot(key.as_bytes())];
        if slot.1 != 0 && slot.0 == key {
            return slot.1;
        }
        self.written += 1;
        *slot = (key, self.written);
        0
    }

    /// From the length and both ends: keys share prefixes (`http.request.`), seldom both.
    fn slot(key: &[u8]) -> usize {
        let (head, tail) = match (key.first_chunk::<8>(), key.last_chunk::<8>()) {
            (Some(head), Some(tail)) => (u64::from_le_bytes(*head), u64::from_le_bytes(*tail)),
            _ => (key.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)), 0),
        };
        let mixed = (head ^ tail.rotate_left(29) ^ key.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 56) as usize
    }
}

pub(super) struct Encoder<'a, 'out> {
    out: &'out mut Vec<u8>,
    keys: Keys<'a>,
    /// Bytes in memory counted so far, without the texts, which are about as long as the record.
    weight: usize,
    trace: Option<TraceId>,
    time: Timestamp,
}

impl<'a, 'out> Encoder<'a, 'out> {
    pub(super) fn new(out: &'out mut Vec<u8>) -> Self {
        let keys = Keys { slots: [("", 0); SLOTS], written: 0 };
        Self { out, keys, weight: 0, trace: None, time: Timestamp::EPOCH }
    }

    pub(super) fn batch(mut self, batch: &'a Batch) -> usize {
        let start = self.out.len();
        self.time(batch.received_at, self.time);
        self.time = batch.received_at;
        self.list(&batch.resources, Self::resource);
        self.list(&batch.scopes, Self::scope);
        self.list(&batch.spans, Self::span);
        self.list(&batch.logs, Self::log);
        self.list(&batch.metrics, Self::metric);
        self.weight + (self.out.len() - start) + size_of::<Batch>()
    }

    fn list<T>(&mut self, items: &'a [T], each: fn(&mut Self, &'a T)) {
        self.number(items.len() as u64);
        self.weight += size_of_val(items) + ALLOCATION;
        for item in items {
            each(self, item);
        }
    }

    fn resource(&mut self, resource: &'a Resource) {
        self.attributes(&resource.attributes, 0);
        self.number(resource.dropped_attributes_count.into());
        self.text(&resource.schema_url);
    }

    fn scope(&mut self, scope: &'a Scope) {
        self.text(&scope.name);
        self.text(&scope.version);
        self.attributes(&scope.attributes, 0);
        self.number(scope.dropped_attributes_count.into());
        self.text(&scope.schema_url);
    }

    fn span(&mut self, span: &'a Span) {
        let same_trace = self.trace == Some(span.trace_id);
        let rare = span.dropped_attributes_count != 0
            || span.dropped_events_count != 0
            || span.dropped_links_count != 0
            || span.oddities.0 != 0;
        let status = span.status_code.0 != 0 || !span.status_message.is_empty();
        let has = bit(same_trace, span_has::SAME_TRACE)
            | bit(span.parent_span_id.is_some(), span_has::PARENT)
            | bit(!span.trace_state.is_empty(), span_has::TRACE_STATE)
            | bit(!span.events.is_empty(), span_has::EVENTS)
            | bit(!span.links.is_empty(), span_has::LINKS)
            | bit(status, span_has::STATUS)
            | bit(rare, span_has::RARE);
        self.out.push(has);
        if !same_trace {
            self.bytes(span.trace_id.bytes());
            self.trace = Some(span.trace_id);
        }
        self.bytes(span.span_id.bytes());
        if let Some(parent) = span.parent_span_id {
            self.bytes(parent.bytes());
        }
        if !span.trace_state.is_empty() {
            self.text(&span.trace_state);
        }
        self.number(span.flags.into());
        self.key(&span.name);
        self.weight += ALLOCATION + span.name.len();
        self.signed(span.kind.0.into());
        self.time(span.started_at, self.time);
        self.time = span.started_at;
        self.time(span.ended_at, span.started_at);
        self.attributes(&span.attributes, 0);
        if !span.events.is_empty() {
            self.list(&span.events, Self::event);
        }
        if !span.links.is_empty() {
            self.list(&span.links, Self::link);
        }
        if status {
            self.signed(span.status_code.0.into());
            self.text(&span.status_message);
        }
        if rare {
            self.number(span.dropped_attributes_count.into());
            self.number(span.dropped_events_count.into());
            self.number(span.dropped_links_count.into());
            self.number(span.oddities.0.into());
        }
        self.number(span.resource.into());
        self.number(span.scope.into());
    }

    fn event(&mut self, event: &'a Event) {
        self.time(event.at, self.time);
        self.key(&event.name);
        self.weight += ALLOCATION + event.name.len();
        self.attributes(&event.attributes, 0);
        self.number(event.dropped_attributes_count.into());
    }

    fn link(&mut self, link: &'a Link) {
        self.bytes(link.trace_id.bytes());
        self.bytes(link.span_id.bytes());
        self.text(&link.trace_state);
        self.attributes(&link.attributes, 0);
        self.number(link.dropped_attributes_count.into());
        self.number(link.flags.into());
    }

    fn log(&mut self, log: &'a LogRecord) {
        let has = bit(log.at.is_some(), log_has::AT)
            | bit(log.observed_at.is_some(), log_has::OBSERVED_AT)
            | bit(log.trace_id.is_some(), log_has::TRACE)
            | bit(log.span_id.is_some(), log_has::SPAN)
            | bit(!log.event_name.is_empty(), log_has::EVENT_NAME)
            | bit(log.dropped_attributes_count != 0, log_has::DROPPED);
        self.out.push(has);
        for at in [log.at, log.observed_at].into_iter().flatten() {
            self.time(at, self.time);
            self.time = at;
        }
        if let Some(trace) = log.trace_id {
            self.bytes(trace.bytes());
        }
        if let Some(span) = log.span_id {
            self.bytes(span.bytes());
        }
        self.number(log.flags.into());
        self.signed(log.severity_number.into());
        self.key(&log.severity_text);
        self.weight += ALLOCATION + log.severity_text.len();
        self.value(&log.body, 0);
        self.attributes(&log.attributes, 0);
        if !log.event_name.is_empty() {
            self.text(&log.event_name);
        }
        if log.dropped_attributes_count != 0 {
            self.number(log.dropped_attributes_count.into());
        }
        self.number(log.resource.into());
        self.number(log.scope.into());
    }

    fn metric(&mut self, metric: &'a MetricPoint) {
        self.key(&metric.name);
        self.key(&metric.unit);
        self.weight += 2 * ALLOCATION + metric.name.len() + metric.unit.len();
        self.time(metric.at, self.time);
        self.time = metric.at;
        self.bytes(&metric.value.to_bits().to_le_bytes());
        match metric.count {
            None => self.out.push(0),
            Some(count) => {
                self.out.push(1);
                self.number(count);
            }
        }
        self.attributes(&metric.attributes, 0);
        self.number(metric.resource.into());
    }

    fn attributes(&mut self, attributes: &'a Attributes, depth: usize) {
        self.number(attributes.len() as u64);
        self.weight += attributes.len() * (size_of::<(String, Value)>() + 2 * ALLOCATION);
        for (key, value) in attributes.iter() {
            self.key(key);
            self.weight += key.len();
            self.value(value, depth);
        }
    }

    fn value(&mut self, value: &'a Value, depth: usize) {
        match value {
            Value::Null => self.out.push(tag::NULL),
            Value::Bool(false) => self.out.push(tag::FALSE),
            Value::Bool(true) => self.out.push(tag::TRUE),
            Value::Int(int) => {
                self.out.push(tag::INT);
                self.signed(*int);
            }
            Value::Double(double) => {
                self.out.push(tag::DOUBLE);
                self.bytes(&double.to_bits().to_le_bytes());
            }
            Value::Text(text) => self.text_value(text),
            Value::Bytes(bytes) => {
                self.out.push(tag::BYTES);
                self.number(bytes.len() as u64);
                self.bytes(bytes);
            }
            Value::Array(_) | Value::Map(_) if depth == DEEPEST => self.text_value(Value::TOO_DEEP),
            Value::Array(items) => {
                self.out.push(tag::ARRAY);
                self.number(items.len() as u64);
                self.weight += size_of_val(items.as_slice()) + ALLOCATION;
                for item in items {
                    self.value(item, depth + 1);
                }
            }
            Value::Map(map) => {
                self.out.push(tag::MAP);
                self.attributes(map, depth + 1);
            }
        }
    }

    fn text_value(&mut self, text: &str) {
        match u8::try_from(text.len()) {
            Ok(length) if length < tag::SHORT_TEXT => {
                self.out.push(tag::SHORT_TEXT | length);
                self.bytes(text.as_bytes());
            }
            _ => {
                self.out.push(tag::TEXT);
                self.text(text);
            }
        }
    }

    fn key(&mut self, key: &'a str) {
        let reference = self.keys.reference(key);
        self.number(reference);
        if reference == 0 {
            self.text(key);
        }
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes(text.as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// Times are never negative, so the difference of two always fits.
    fn time(&mut self, time: Timestamp, before: Timestamp) {
        self.signed(time.nanos() - before.nanos());
    }

    fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }

    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.out.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.out.push(number as u8);
    }
}

fn bit(set: bool, bit: u8) -> u8 {
    if set { bit } else { 0 }
}
