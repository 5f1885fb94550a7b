//! Encoded requests used again and again, each time with other ids and times.
//!
//! A load tool that encodes while it sends measures its own encoder. So requests are encoded once, the places of ids and times
//! in the bytes are remembered, and a stamp writes new values over them: every round is new traces, for the price of a copy.
//! One nonce a round keeps parents, links and requests of one trace together.

use std::ops::Range;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

use crate::random::mix;

/// An encoded request and where in it the changing values are.
pub struct Template {
    bytes: Vec<u8>,
    spans: u64,
    places: Places,
}

/// Offsets of the first byte of each value.
#[derive(Default)]
struct Places {
    trace_ids: Vec<usize>,
    span_ids: Vec<usize>,
    times: Vec<usize>,
    /// Texts in the form of a UUID: request ids. They must stay distinct between rounds, or the data compresses too well.
    uuids: Vec<usize>,
}

impl Template {
    /// Times in `request` count from 0; each stamp says what 0 is.
    pub fn new(request: &ExportTraceServiceRequest) -> Self {
        let bytes = request.encode_to_vec();
        let spans = request.resource_spans.iter().flat_map(|of| &of.scope_spans).map(|of| of.spans.len() as u64).sum();
        let mut places = Places::default();
        for resource in messages(&bytes, 0..bytes.len(), 1) {
            for scope in messages(&bytes, resource, 2) {
                for span in messages(&bytes, scope, 2) {
                    places.of_span(&bytes, span);
                }
            }
        }
        Self { bytes, spans, places }
    }

    pub fn spans(&self) -> u64 {
        self.spans
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The request of round `round`, its times beginning at `start`.
    pub fn stamped(&self, round: u64, start: u64) -> Bytes {
        let mut bytes = self.bytes.clone();
        let nonce = mix(round).to_be_bytes();
        for &at in self.places.trace_ids.iter().chain(&self.places.span_ids) {
            bytes[at..at + 8].iter_mut().zip(nonce).for_each(|(byte, nonce)| *byte ^= nonce);
        }
        for &at in &self.places.times {
            let place: &mut [u8; 8] = (&mut bytes[at..at + 8]).try_into().expect("eight bytes");
            *place = (u64::from_le_bytes(*place) + start).to_le_bytes();
        }
        let word = mix(!round) as u32;
        for &at in &self.places.uuids {
            let old = std::str::from_utf8(&bytes[at..at + 8]).ok().and_then(|hex| u32::from_str_radix(hex, 16).ok());
            bytes[at..at + 8].copy_from_slice(format!("{:08x}", old.unwrap_or(0) ^ word).as_bytes());
        }
        bytes.into()
    }
}

impl Places {
    fn of_span(&mut self, bytes: &[u8], span: Range<usize>) {
        for (number, value) in fields(bytes, span) {
            match (number, value.len()) {
                (1, 16) => self.trace_ids.push(value.start),
                (2 | 4, 8) => self.span_ids.push(value.start),
                (7 | 8, 8) => self.times.push(value.start),
                (9, _) => self.of_attribute(bytes, value),
                (11, _) => self.times.extend(messages(bytes, value, 1).map(|time| time.start)),
                (13, _) => {
                    self.trace_ids.extend(messages(bytes, value.clone(), 1).map(|id| id.start));
                    self.span_ids.extend(messages(bytes, value, 2).map(|id| id.start));
                }
                _ => {}
            }
        }
    }

    fn of_attribute(&mut self, bytes: &[u8], attribute: Range<usize>) {
        for value in messages(bytes, attribute, 2) {
            self.uuids
                .extend(messages(bytes, value, 1).filter(|text| is_uuid(&bytes[text.clone()])).map(|text| text.start));
        }
    }
}

fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36 && [8, 13, 18, 23].iter().all(|&at| text[at] == b'-')
}

/// The places of field `number` inside the message at `range`.
fn messages(bytes: &[u8], range: Range<usize>, number: u64) -> impl Iterator<Item = Range<usize>> {
    fields(bytes, range).filter(move |(field, _)| *field == number).map(|(_, value)| value)
}

/// Field numbers and the places of their values; only for bytes that we encoded ourselves.
fn fields(bytes: &[u8], range: Range<usize>) -> impl Iterator<Item = (u64, Range<usize>)> {
    let mut at = range.start;
    std::iter::from_fn(move || {
        if at >= range.end {
            return None;
        }
        let tag = varint(bytes, &mut at);
        let start = at;
        match tag & 7 {
            0 => drop(varint(bytes, &mut at)),
            1 => at += 8,
            2 => {
                let length = varint(bytes, &mut at) as usize;
                at += length;
                return Some((tag >> 3, at - length..at));
            }
            _ => at += 4,
        }
        Some((tag >> 3, start..at))
    })
}

fn varint(bytes: &[u8], at: &mut usize) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = bytes[*at];
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lambda::Traffic;
    use std::collections::HashSet;

    fn spans(bytes: &[u8]) -> Vec<opentelemetry_proto::tonic::trace::v1::Span> {
        let request = ExportTraceServiceRequest::decode(bytes).unwrap();
        request.resource_spans.into_iter().flat_map(|of| of.scope_spans).flat_map(|of| of.spans).collect()
    }

    #[test]
    fn rounds_share_no_id_and_keep_their_families() {
        let templates: Vec<Template> = Traffic::new(7).requests(4, 128).iter().map(Template::new).collect();
        let mut ids = HashSet::new();
        for round in 0..3 {
            let round: Vec<_> =
                templates.iter().flat_map(|template| spans(&template.stamped(round, 1 << 60))).collect();
            let here: HashSet<_> = round.iter().map(|span| (span.trace_id.clone(), span.span_id.clone())).collect();
            assert_eq!(here.len(), round.len());
            let with_parent_here = round
                .iter()
                .filter(|span| here.contains(&(span.trace_id.clone(), span.parent_span_id.clone())))
                .count();
            assert!(with_parent_here > round.len() / 3, "{with_parent_here} of {}", round.len());
            assert!(round.iter().all(|span| span.start_time_unix_nano >= 1 << 60));
            assert!(round.iter().all(|span| span.end_time_unix_nano > span.start_time_unix_nano));
            ids.extend(here);
        }
        let spans: u64 = templates.iter().map(Template::spans).sum();
        assert_eq!(ids.len() as u64, spans * 3);
    }

    #[test]
    fn a_stamp_changes_request_ids_too_and_nothing_else() {
        let template = Template::new(&Traffic::new(7).requests(1, 64)[0]);
        let (one, two) = (spans(&template.stamped(1, 0)), spans(&template.stamped(2, 0)));
        for (one, two) in one.iter().zip(&two) {
            assert_eq!(one.name, two.name);
            let differ = one.attributes.iter().zip(&two.attributes).filter(|(one, two)| one != two);
            let keys: HashSet<&str> = differ.map(|(one, _)| one.key.as_str()).collect();
            assert!(
                keys.iter().all(|key| ["faas.invocation_id", "aws.request_id", "messaging.message.id"].contains(key)),
                "{keys:?}"
            );
        }
    }
}
