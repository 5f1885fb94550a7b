//! A span as it was sent, after the receiver's checks.

use crate::{Attributes, Nanos, SpanId, Timestamp, TraceId};

/// One span. `resource` and `scope` are indices into the [`crate::Batch`] it came with.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    pub trace_id: TraceId,
    pub span_id: SpanId,
    /// `None` for a root. The parent may never arrive.
    pub parent_span_id: Option<SpanId>,
    pub trace_state: String,
    /// W3C trace flags and OTLP's "is remote" bits, verbatim.
    pub flags: u32,
    pub name: String,
    pub kind: Kind,
    pub started_at: Timestamp,
    /// As sent: may lie before `started_at`, see [`Oddities::BAD_TIME`].
    pub ended_at: Timestamp,
    pub attributes: Attributes,
    pub dropped_attributes_count: u32,
    pub events: Vec<Event>,
    pub dropped_events_count: u32,
    pub links: Vec<Link>,
    pub dropped_links_count: u32,
    pub status_code: StatusCode,
    pub status_message: String,
    pub oddities: Oddities,
    pub resource: u32,
    pub scope: u32,
}

impl Span {
    /// How long it took; 0 when the times are not in order.
    pub fn duration(&self) -> Nanos {
        self.ended_at.since(self.started_at)
    }
}

/// An OTLP `SpanKind`, unknown numbers kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Kind(pub i32);

impl Kind {
    pub const UNSPECIFIED: Self = Self(0);
    pub const INTERNAL: Self = Self(1);
    pub const SERVER: Self = Self(2);
    pub const CLIENT: Self = Self(3);
    pub const PRODUCER: Self = Self(4);
    pub const CONSUMER: Self = Self(5);

    /// Lower case, as kept in SQL; an unknown number has the name `kind 9`.
    pub fn name(self) -> std::borrow::Cow<'static, str> {
        match self.0 {
            0 => "unspecified".into(),
            1 => "internal".into(),
            2 => "server".into(),
            3 => "client".into(),
            4 => "producer".into(),
            5 => "consumer".into(),
            other => format!("kind {other}").into(),
        }
    }

    /// The inverse of [`Kind::name`].
    pub fn from_name(name: &str) -> Self {
        match name {
            "internal" => Self::INTERNAL,
            "server" => Self::SERVER,
            "client" => Self::CLIENT,
            "producer" => Self::PRODUCER,
            "consumer" => Self::CONSUMER,
            other => Self(other.strip_prefix("kind ").and_then(|number| number.parse().ok()).unwrap_or(0)),
        }
    }
}

/// An OTLP `StatusCode`, unknown numbers kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct StatusCode(pub i32);

impl StatusCode {
    pub const UNSET: Self = Self(0);
    pub const OK: Self = Self(1);
    pub const ERROR: Self = Self(2);

    pub fn name(self) -> std::borrow::Cow<'static, str> {
        match self.0 {
            0 => "unset".into(),
            1 => "ok".into(),
            2 => "error".into(),
            other => format!("status {other}").into(),
        }
    }

    pub fn from_name(name: &str) -> Self {
        match name {
            "ok" => Self::OK,
            "error" => Self::ERROR,
            other => Self(other.strip_prefix("status ").and_then(|number| number.parse().ok()).unwrap_or(0)),
        }
    }
}

/// Something that happened during a span.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub at: Timestamp,
    pub name: String,
    pub attributes: Attributes,
    pub dropped_attributes_count: u32,
}

/// A pointer to a span of this or another trace, such as the message that a batch was made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    pub trace_id: TraceId,
    pub span_id: SpanId,
    pub trace_state: String,
    pub attributes: Attributes,
    pub dropped_attributes_count: u32,
    pub flags: u32,
}

/// What was odd about a span and mended on the way in; a set of bits, kept with the span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Oddities(pub u16);

impl Oddities {
    /// It ended before it started, or a time was missing or beyond what we can keep. Kept as sent, duration 0.
    pub const BAD_TIME: Self = Self(1);
    /// Text was not UTF-8; the bad bytes became U+FFFD.
    pub const BAD_TEXT: Self = Self(1 << 1);
    /// An attribute key came twice; the last value was kept.
    pub const DUPLICATE_KEY: Self = Self(1 << 2);
    /// A value over 64 KiB was cut.
    pub const CUT_VALUE: Self = Self(1 << 3);
    /// More attributes, events or links than we keep; the rest is in the dropped counts.
    pub const CUT_LIST: Self = Self(1 << 4);
    /// A value nested deeper than 16 levels.
    pub const TOO_DEEP: Self = Self(1 << 5);
    /// The parent's id had a wrong length and was left out.
    pub const BAD_PARENT: Self = Self(1 << 6);
    /// A link without a valid trace and span id was left out.
    pub const BAD_LINK: Self = Self(1 << 7);
    /// A secret was replaced before anything touched the disk.
    pub const REDACTED: Self = Self(1 << 8);

    const NAMES: [(Self, &'static str); 9] = [
        (Self::BAD_TIME, "times out of order"),
        (Self::BAD_TEXT, "text was not UTF-8"),
        (Self::DUPLICATE_KEY, "duplicate attribute key"),
        (Self::CUT_VALUE, "value over 64 KiB cut"),
        (Self::CUT_LIST, "too many attributes, events or links"),
        (Self::TOO_DEEP, "nested too deeply"),
        (Self::BAD_PARENT, "parent id malformed"),
        (Self::BAD_LINK, "link id malformed"),
        (Self::REDACTED, "secret redacted"),
    ];

    pub fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Each oddity in words.
    pub fn names(self) -> Vec<&'static str> {
        Self::NAMES.iter().filter(|(bit, _)| self.has(*bit)).map(|(_, name)| *name).collect()
    }
}
