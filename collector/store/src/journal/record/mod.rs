//! One batch as the bytes of one journal record, and back.
//!
//! A record is read by the program that wrote it or by a later one, so its first byte says its version and every later version
//! reads all before it. The layout is ours and not protobuf: what passed the receiver's checks is written as the model has it,
//! without the names and wrappers of OTLP, at the price of a copy. Keys and names come again and again within a batch, so
//! each is written once and then referred to by number.
//!
//! Version 1, all numbers LEB128 unless said otherwise, all text UTF-8 after its length:
//!
//! | part | layout |
//! |---|---|
//! | record | version byte, time of receipt, then resources, scopes, spans, logs and metric points: each a count and its items |
//! | key | 0 and a text that takes the next number; or the number of an earlier one, plus 1 |
//! | value | a tag byte (see `tag`) and its content; a text under 128 bytes is one byte 0x80 + length and the text |
//! | time | zigzag difference to the one before: items to the item before, an end and events to their span's start |
//! | item | a byte of bits saying which of the rare fields follow, then the fields in the order of the model |
//!
//! Not here: checksums, sequence numbers and files (`segment`).

mod decode;
mod encode;
#[cfg(test)]
mod tests;

use coldlight_model::Batch;

/// The version written. Every version up to this one is read.
pub const VERSION: u8 = 1;

/// How deep values may nest before the rest is replaced ([`coldlight_model::Value::TOO_DEEP`]) or refused. The receiver stops
/// at [`coldlight_model::MAX_DEPTH`]; this only keeps a mistake elsewhere from overflowing a stack here.
const DEEPEST: usize = 4 * coldlight_model::MAX_DEPTH;

/// First bytes of values. From `SHORT_TEXT` on, the byte is a text's length.
mod tag {
    pub const NULL: u8 = 0;
    pub const FALSE: u8 = 1;
    pub const TRUE: u8 = 2;
    /// Zigzag.
    pub const INT: u8 = 3;
    /// Eight bytes, little endian.
    pub const DOUBLE: u8 = 4;
    pub const TEXT: u8 = 5;
    pub const BYTES: u8 = 6;
    pub const ARRAY: u8 = 7;
    pub const MAP: u8 = 8;
    pub const SHORT_TEXT: u8 = 0x80;
}

/// Which fields of a span follow.
mod span_has {
    /// The trace is that of the span before.
    pub const SAME_TRACE: u8 = 1;
    pub const PARENT: u8 = 1 << 1;
    pub const TRACE_STATE: u8 = 1 << 2;
    pub const EVENTS: u8 = 1 << 3;
    pub const LINKS: u8 = 1 << 4;
    pub const STATUS: u8 = 1 << 5;
    /// Dropped counts and oddities, where any is not 0.
    pub const RARE: u8 = 1 << 6;
}

/// Which fields of a log record follow.
mod log_has {
    pub const AT: u8 = 1;
    pub const OBSERVED_AT: u8 = 1 << 1;
    pub const TRACE: u8 = 1 << 2;
    pub const SPAN: u8 = 1 << 3;
    pub const EVENT_NAME: u8 = 1 << 4;
    pub const DROPPED: u8 = 1 << 5;
}

/// Why bytes are not a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Written by a later coldlight: only that one can read it.
    #[error("record has version {version}, this program reads up to {VERSION}")]
    Newer { version: u8 },
    /// Not something [`encode`] wrote.
    #[error("record is malformed at byte {at}: {what}")]
    Malformed { what: &'static str, at: usize },
}

/// Appends `batch` as one record to `out`. Returns about how many bytes the batch itself holds in memory, which is several
/// times its record; the count costs nothing here and a walk elsewhere.
pub fn encode(batch: &Batch, out: &mut Vec<u8>) -> usize {
    out.push(VERSION);
    encode::Encoder::new(out).batch(batch)
}

/// The batch in `bytes`, which must be one whole record.
///
/// No bytes make this panic, and memory grows only with what was read, never with a count that the bytes claim.
pub fn decode(bytes: &[u8]) -> Result<Batch, RecordError> {
    match bytes.first() {
        None => Err(RecordError::Malformed { what: "empty", at: 0 }),
        Some(&version) if version > VERSION => Err(RecordError::Newer { version }),
        Some(&VERSION) => decode::Decoder::new(bytes, 1).batch(),
        Some(_) => Err(RecordError::Malformed { what: "version", at: 0 }),
    }
}
