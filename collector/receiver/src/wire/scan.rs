//! Looks through a request: is it well formed, what would decoding it take, must it be mended first?

use coldlight_model::MAX_DEPTH;

use super::field::{Found, WireError, WireType, find};
use super::schema::{Field, Message, field};

/// The most messages within messages: nine down to a metric exemplar's attribute value, then three for each of
/// [`MAX_DEPTH`] maps, and some to spare. Far below prost's 100.
pub(super) const MAX_OPEN: usize = 9 + 3 * MAX_DEPTH + 3;

/// What a string costs besides its bytes: the allocator's header and rounding.
const TEXT_OVERHEAD: usize = 24;

/// What walking a request found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scan {
    /// An estimate of the memory its decoded form takes, in bytes.
    pub(crate) decoded_bytes: usize,
    /// prost would refuse it, or recurse too deep: text that is not UTF-8, or values nested beyond [`MAX_DEPTH`].
    pub(crate) needs_mending: bool,
    /// Fields that the schema does not know.
    pub(crate) unknown_fields: usize,
}

/// A message being walked.
#[derive(Clone, Copy, Default)]
pub(super) struct Open {
    pub(super) message: Message,
    /// How many arrays and maps enclose it.
    pub(super) containers: u8,
    pub(super) end: usize,
}

impl Open {
    /// The message that fills `found`, a field of this one; `None` for an array or map too many.
    pub(super) fn child(&self, message: Message, is_container: bool, found: &Found) -> Option<Self> {
        let containers = self.containers + u8::from(is_container);
        (usize::from(containers) <= MAX_DEPTH).then_some(Self { message, containers, end: found.end })
    }
}

/// Whether a value of `wire_type` can stand where the schema has `kind`.
pub(super) fn fits(kind: Field, wire_type: WireType) -> bool {
    match kind {
        Field::Unknown => true,
        Field::Varint => wire_type == WireType::Varint,
        Field::Fixed32 => wire_type == WireType::Fixed32,
        Field::Fixed64 => wire_type == WireType::Fixed64,
        Field::Text | Field::Bytes | Field::Message(..) | Field::Container(_) => wire_type == WireType::Delimited,
        Field::Varints => matches!(wire_type, WireType::Varint | WireType::Delimited),
        Field::Fixed64s => matches!(wire_type, WireType::Fixed64 | WireType::Delimited),
    }
}

/// Walks `bytes`, a message of type `root`, without recursion or allocation.
///
/// `budget`: the most estimated bytes of memory that decoding may take.
pub(crate) fn scan(bytes: &[u8], root: Message, budget: usize) -> Result<Scan, WireError> {
    let mut scan = Scan::default();
    let mut outer = [Open::default(); MAX_OPEN];
    let mut depth = 0;
    let mut open = Open { message: root, containers: 0, end: bytes.len() };
    let mut at = 0;
    loop {
        while at == open.end {
            if depth == 0 {
                return Ok(scan);
            }
            depth -= 1;
            open = outer[depth];
        }
        let malformed = |problem| WireError::Malformed { message: open.message, at, problem };
        let found = find(bytes, at, open.end).map_err(malformed)?;
        let kind = field(open.message, found.number);
        if !fits(kind, found.wire_type) {
            return Err(malformed("wrong wire type"));
        }
        let length = found.value.len();
        let mut inner = None;
        match kind {
            Field::Varint | Field::Fixed32 | Field::Fixed64 => {}
            Field::Text => {
                let text = &bytes[found.value.clone()];
                scan.decoded_bytes += length + TEXT_OVERHEAD;
                // Nearly all text is ASCII, which is quicker to tell.
                if !text.is_ascii() && std::str::from_utf8(text).is_err() {
                    scan.needs_mending = true;
                    // Each bad byte becomes at most one U+FFFD of three bytes.
                    scan.decoded_bytes += 2 * length;
                }
            }
            Field::Bytes => scan.decoded_bytes += length + TEXT_OVERHEAD,
            Field::Varints => scan.decoded_bytes += 8 * length,
            Field::Fixed64s => scan.decoded_bytes += length,
            Field::Message(message, size) => {
                scan.decoded_bytes += usize::from(size);
                inner = open.child(message, false, &found);
            }
            Field::Container(message) => {
                inner = open.child(message, true, &found);
                scan.needs_mending |= inner.is_none() && length > 0;
            }
            Field::Unknown => scan.unknown_fields += 1,
        }
        if scan.decoded_bytes > budget {
            return Err(WireError::OverBudget);
        }
        match inner {
            Some(inner) => {
                *outer.get_mut(depth).ok_or_else(|| malformed("nested too deeply"))? = open;
                depth += 1;
                open = inner;
                at = found.value.start;
            }
            None => at = found.end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::mend;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList, any_value::Value};
    use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
    use prost::Message as _;

    const PLENTY: usize = usize::MAX;

    fn request(spans: Vec<Span>) -> Vec<u8> {
        let scope_spans = vec![ScopeSpans { spans, ..Default::default() }];
        let resource_spans = vec![ResourceSpans { scope_spans, ..Default::default() }];
        ExportTraceServiceRequest { resource_spans }.encode_to_vec()
    }

    fn with_value(value: AnyValue) -> Vec<u8> {
        let attributes = vec![KeyValue { key: "k".into(), value: Some(value), ..Default::default() }];
        request(vec![Span { attributes, ..Default::default() }])
    }

    /// A value within `levels` arrays or maps, alternating when `mixed`.
    fn nested(levels: usize, mixed: bool) -> AnyValue {
        let mut value = Value::StringValue("leaf".into());
        for level in 0..levels {
            let inner = AnyValue { value: Some(value) };
            value = if mixed && level % 2 == 0 {
                let pair = KeyValue { key: "m".into(), value: Some(inner), ..Default::default() };
                Value::KvlistValue(KeyValueList { values: vec![pair] })
            } else {
                Value::ArrayValue(ArrayValue { values: vec![inner] })
            };
        }
        AnyValue { value: Some(value) }
    }

    #[test]
    fn an_empty_span_counts_what_it_takes_in_memory() {
        let of = |spans| scan(&request(vec![Span::default(); spans]), Message::TraceRequest, PLENTY).unwrap();
        assert_eq!(of(1001).decoded_bytes - of(1).decoded_bytes, 1000 * 264);
        assert_eq!(of(1).unknown_fields, 0);
    }

    #[test]
    fn a_bomb_of_empty_spans_is_over_budget_before_it_is_decoded() {
        let bomb = request(vec![Span::default(); 100_000]);
        assert!(bomb.len() < 210_000);
        assert_eq!(scan(&bomb, Message::TraceRequest, 20 << 20), Err(WireError::OverBudget));
    }

    #[test]
    fn sixteen_levels_pass_untouched_and_the_seventeenth_is_emptied() {
        for mixed in [false, true] {
            let kept = with_value(nested(MAX_DEPTH, mixed));
            assert!(!scan(&kept, Message::TraceRequest, PLENTY).unwrap().needs_mending);
            ExportTraceServiceRequest::decode(kept.as_slice()).unwrap();

            let deep = with_value(nested(MAX_DEPTH + 1, mixed));
            assert!(scan(&deep, Message::TraceRequest, PLENTY).unwrap().needs_mending);
            let mended = mend(&deep, Message::TraceRequest).unwrap();
            assert!(!scan(&mended, Message::TraceRequest, PLENTY).unwrap().needs_mending);
            ExportTraceServiceRequest::decode(mended.as_slice()).unwrap();
        }
    }

    #[test]
    fn a_hundred_thousand_levels_are_walked_and_mended_on_a_small_stack() {
        // An AnyValue written backwards, from the inside out: prost itself could not write it.
        let mut backwards = vec![b'x', 1, 0x0a];
        for _ in 0..100_000 {
            for tag in [0x0a, 0x2a] {
                let mut length = Vec::new();
                prost::encoding::encode_varint(backwards.len() as u64, &mut length);
                backwards.extend(length.iter().rev());
                backwards.push(tag);
            }
        }
        let value: Vec<u8> = backwards.into_iter().rev().collect();
        let wrap = |tag: u8, inner: Vec<u8>| {
            let mut out = vec![tag];
            prost::encoding::encode_varint(inner.len() as u64, &mut out);
            out.extend(inner);
            out
        };
        let mut bytes = wrap(0x12, value);
        for tag in [0x4a, 0x12, 0x12, 0x0a] {
            bytes = wrap(tag, bytes);
        }
        let small = std::thread::Builder::new().stack_size(128 << 10);
        let walked = small.spawn(move || {
            let found = scan(&bytes, Message::TraceRequest, PLENTY).unwrap();
            assert!(found.needs_mending);
            mend(&bytes, Message::TraceRequest).unwrap()
        });
        let mended = walked.unwrap().join().unwrap();
        let request = ExportTraceServiceRequest::decode(mended.as_slice()).unwrap();
        assert_eq!(request.resource_spans[0].scope_spans[0].spans[0].attributes.len(), 1);
    }

    #[test]
    fn a_wrong_wire_type_is_named_with_its_message_and_place() {
        // A request whose resource spans are a number.
        let error = scan(&[0x08, 1], Message::TraceRequest, PLENTY).unwrap_err();
        assert_eq!(error, WireError::Malformed { message: Message::TraceRequest, at: 0, problem: "wrong wire type" });
    }

    #[test]
    fn unknown_fields_are_skipped() {
        let mut bytes = request(vec![Span::default()]);
        bytes.extend([0xfa, 0x3e, 2, b'h', b'i', 0x78, 5]);
        assert_eq!(scan(&bytes, Message::TraceRequest, PLENTY).unwrap().unknown_fields, 2);
    }
}
