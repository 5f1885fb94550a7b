//! The reading half of the record codec. Everything here doubts its input.

use coldlight_model::{
    Attributes, Batch, Event, Kind, Link, LogRecord, MetricPoint, Oddities, Resource, Scope, Span, SpanId, StatusCode,
    Timestamp, TraceId, Value,
};

use super::{DEEPEST, RecordError, log_has, span_has, tag};

/// The most items a list is made ready for at once: a claimed count must not allocate what the bytes do not bear out.
const MOST_AHEAD: usize = 256;

type Decoded<T> = Result<T, RecordError>;

pub(super) struct Decoder<'a> {
    bytes: &'a [u8],
    at: usize,
    keys: Vec<&'a str>,
    trace: Option<TraceId>,
    time: Timestamp,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, keys: Vec::new(), trace: None, time: Timestamp::EPOCH }
    }

    pub(super) fn batch(mut self) -> Decoded<Batch> {
        let batch = Batch {
            received_at: self.next_time()?,
            resources: self.list(Self::resource)?,
            scopes: self.list(Self::scope)?,
            spans: self.list(Self::span)?,
            logs: self.list(Self::log)?,
            metrics: self.list(Self::metric)?,
        };
        if self.at == self.bytes.len() { Ok(batch) } else { Err(self.malformed("bytes after the end")) }
    }

    fn malformed(&self, what: &'static str) -> RecordError {
        RecordError::Malformed { what, at: self.at }
    }

    /// No item is shorter than one byte, so a count beyond the bytes left is refused before anything is allocated.
    fn count(&mut self) -> Decoded<usize> {
        let count = self.number()?;
        match usize::try_from(count) {
            Ok(count) if count <= self.bytes.len() - self.at => Ok(count),
            _ => Err(self.malformed("count")),
        }
    }

    fn list<T>(&mut self, each: fn(&mut Self) -> Decoded<T>) -> Decoded<Vec<T>> {
        let count = self.count()?;
        let mut items = Vec::with_capacity(count.min(MOST_AHEAD));
        for _ in 0..count {
            items.push(each(self)?);
        }
        Ok(items)
    }

    fn resource(&mut self) -> Decoded<Resource> {
        Ok(Resource {
            attributes: self.attributes(0)?,
            dropped_attributes_count: self.u32()?,
            schema_url: self.text()?.to_owned(),
        })
    }

    fn scope(&mut self) -> Decoded<Scope> {
        Ok(Scope {
            name: self.text()?.to_owned(),
            version: self.text()?.to_owned(),
            attributes: self.attributes(0)?,
            dropped_attributes_count: self.u32()?,
            schema_url: self.text()?.to_owned(),
        })
    }

    fn span(&mut self) -> Decoded<Span> {
        let has = self.byte()?;
        let trace_id = match self.trace {
            Some(trace) if has & span_has::SAME_TRACE != 0 => trace,
            _ => self.trace_id()?,
        };
        self.trace = Some(trace_id);
        let span_id = self.span_id()?;
        let parent_span_id = self.if_has(has & span_has::PARENT, Self::span_id)?;
        let trace_state = self.if_has(has & span_has::TRACE_STATE, Self::owned)?.unwrap_or_default();
        let flags = self.u32()?;
        let name = self.key()?.to_owned();
        let kind = Kind(self.i32()?);
        let started_at = self.time(self.time)?;
        self.time = started_at;
        let ended_at = self.time(started_at)?;
        let attributes = self.attributes(0)?;
        let events = self.if_has(has & span_has::EVENTS, |this| this.list(Self::event))?.unwrap_or_default();
        let links = self.if_has(has & span_has::LINKS, |this| this.list(Self::link))?.unwrap_or_default();
        let status = self.if_has(has & span_has::STATUS, |this| Ok((StatusCode(this.i32()?), this.owned()?)))?;
        let (status_code, status_message) = status.unwrap_or_default();
        let rare = self.if_has(has & span_has::RARE, |this| {
            Ok((this.u32()?, this.u32()?, this.u32()?, Oddities(this.narrow("oddities")?)))
        })?;
        let (dropped_attributes_count, dropped_events_count, dropped_links_count, oddities) = rare.unwrap_or_default();
        let (resource, scope) = (self.u32()?, self.u32()?);
        Ok(Span {
            trace_id,
            span_id,
            parent_span_id,
            trace_state,
            flags,
            name,
            kind,
            started_at,
            ended_at,
            attributes,
            dropped_attributes_count,
            events,
            dropped_events_count,
            links,
            dropped_links_count,
            status_code,
            status_message,
            oddities,
            resource,
            scope,
        })
    }

    fn event(&mut self) -> Decoded<Event> {
        Ok(Event {
            at: self.time(self.time)?,
            name: self.key()?.to_owned(),
            attributes: self.attributes(0)?,
            dropped_attributes_count: self.u32()?,
        })
    }

    fn link(&mut self) -> Decoded<Link> {
        Ok(Link {
            trace_id: self.trace_id()?,
            span_id: self.span_id()?,
            trace_state: self.owned()?,
            attributes: self.attributes(0)?,
            dropped_attributes_count: self.u32()?,
            flags: self.u32()?,
        })
    }

    fn log(&mut self) -> Decoded<LogRecord> {
        let has = self.byte()?;
        Ok(LogRecord {
            at: self.if_has(has & log_has::AT, Self::next_time)?,
            observed_at: self.if_has(has & log_has::OBSERVED_AT, Self::next_time)?,
            trace_id: self.if_has(has & log_has::TRACE, Self::trace_id)?,
            span_id: self.if_has(has & log_has::SPAN, Self::span_id)?,
            flags: self.u32()?,
            severity_number: self.i32()?,
            severity_text: self.key()?.to_owned(),
            body: self.value(0)?,
            attributes: self.attributes(0)?,
            event_name: self.if_has(has & log_has::EVENT_NAME, Self::owned)?.unwrap_or_default(),
            dropped_attributes_count: self.if_has(has & log_has::DROPPED, Self::u32)?.unwrap_or_default(),
            resource: self.u32()?,
            scope: self.u32()?,
        })
    }

    fn metric(&mut self) -> Decoded<MetricPoint> {
        Ok(MetricPoint {
            name: self.key()?.to_owned(),
            unit: self.key()?.to_owned(),
            at: self.next_time()?,
            value: f64::from_le_bytes(self.array()?),
            count: match self.byte()? {
                0 => None,
                _ => Some(self.number()?),
            },
            attributes: self.attributes(0)?,
            resource: self.u32()?,
        })
    }

    fn attributes(&mut self, depth: usize) -> Decoded<Attributes> {
        let count = self.count()?;
        let mut pairs = Vec::with_capacity(count.min(MOST_AHEAD));
        for _ in 0..count {
            pairs.push((self.key()?.to_owned(), self.value(depth)?));
        }
        Ok(Attributes::from_pairs(pairs).0)
    }

    fn value(&mut self, depth: usize) -> Decoded<Value> {
        Ok(match self.byte()? {
            tag::NULL => Value::Null,
            tag::FALSE => Value::Bool(false),
            tag::TRUE => Value::Bool(true),
            tag::INT => Value::Int(self.signed()?),
            tag::DOUBLE => Value::Double(f64::from_le_bytes(self.array()?)),
            tag::TEXT => Value::Text(self.owned()?),
            tag::BYTES => {
                let length = self.count()?;
                Value::Bytes(self.take(length)?.to_owned())
            }
            tag::ARRAY | tag::MAP if depth == DEEPEST => return Err(self.malformed("nesting")),
            tag::ARRAY => {
                let count = self.count()?;
                let mut items = Vec::with_capacity(count.min(MOST_AHEAD));
                for _ in 0..count {
                    items.push(self.value(depth + 1)?);
                }
                Value::Array(items)
            }
            tag::MAP => Value::Map(self.attributes(depth + 1)?),
            short if short >= tag::SHORT_TEXT => {
                Value::Text(self.utf8(usize::from(short - tag::SHORT_TEXT))?.to_owned())
            }
            _ => return Err(self.malformed("value tag")),
        })
    }

    fn if_has<T>(&mut self, bits: u8, read: impl FnOnce(&mut Self) -> Decoded<T>) -> Decoded<Option<T>> {
        if bits == 0 { Ok(None) } else { read(self).map(Some) }
    }

    fn key(&mut self) -> Decoded<&'a str> {
        match self.number()? {
            0 => {
                let key = self.text()?;
                self.keys.push(key);
                Ok(key)
            }
            reference => {
                let index = usize::try_from(reference - 1).unwrap_or(usize::MAX);
                self.keys.get(index).copied().ok_or_else(|| self.malformed("key"))
            }
        }
    }

    fn owned(&mut self) -> Decoded<String> {
        self.text().map(str::to_owned)
    }

    fn text(&mut self) -> Decoded<&'a str> {
        let length = self.count()?;
        self.utf8(length)
    }

    fn utf8(&mut self, length: usize) -> Decoded<&'a str> {
        let bytes = self.take(length)?;
        str::from_utf8(bytes).map_err(|_| self.malformed("text is not UTF-8"))
    }

    fn trace_id(&mut self) -> Decoded<TraceId> {
        TraceId::new(self.array()?).ok_or_else(|| self.malformed("trace id"))
    }

    fn span_id(&mut self) -> Decoded<SpanId> {
        SpanId::new(self.array()?).ok_or_else(|| self.malformed("span id"))
    }

    /// A time that the next one is counted from.
    fn next_time(&mut self) -> Decoded<Timestamp> {
        self.time = self.time(self.time)?;
        Ok(self.time)
    }

    fn time(&mut self, before: Timestamp) -> Decoded<Timestamp> {
        let nanos = before.nanos().checked_add(self.signed()?);
        nanos
            .filter(|nanos| (0..=Timestamp::MAX.nanos()).contains(nanos))
            .map(Timestamp::from_sql)
            .ok_or_else(|| self.malformed("time"))
    }

    fn u32(&mut self) -> Decoded<u32> {
        self.narrow("number over 32 bits")
    }

    fn narrow<T: TryFrom<u64>>(&mut self, what: &'static str) -> Decoded<T> {
        T::try_from(self.number()?).map_err(|_| self.malformed(what))
    }

    fn i32(&mut self) -> Decoded<i32> {
        i32::try_from(self.signed()?).map_err(|_| self.malformed("number over 32 bits"))
    }

    fn signed(&mut self) -> Decoded<i64> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    fn number(&mut self) -> Decoded<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                break;
            }
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(self.malformed("number over 64 bits"))
    }

    fn byte(&mut self) -> Decoded<u8> {
        let byte = *self.bytes.get(self.at).ok_or_else(|| self.malformed("cut short"))?;
        self.at += 1;
        Ok(byte)
    }

    fn array<const N: usize>(&mut self) -> Decoded<[u8; N]> {
        let chunk = *self.bytes[self.at..].first_chunk().ok_or_else(|| self.malformed("cut short"))?;
        self.at += N;
        Ok(chunk)
    }

    fn take(&mut self, length: usize) -> Decoded<&'a [u8]> {
        let taken = self.bytes[self.at..].get(..length).ok_or_else(|| self.malformed("cut short"))?;
        self.at += length;
        Ok(taken)
    }
}
