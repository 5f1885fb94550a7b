//! Rewrites what prost would refuse, and nothing else.
//!
//! Text that is not UTF-8 gets U+FFFD for its bad bytes, as the Collector's own mending does. An array or map beyond
//! [`coldlight_model::MAX_DEPTH`] loses its content; the conversion puts a marker in its place.
//!
//! A mended value changes the length of everything around it, so each enclosing message is written with a length of
//! fixed size that is filled in when its end is reached: five bytes, of which protobuf ignores the leading zeros.

use super::field::{WireError, find};
use super::scan::{MAX_OPEN, Open, fits};
use super::schema::{Field, Message, field};

/// A length of fixed size, for anything up to 2^35 bytes.
const LENGTH_BYTES: usize = 5;

/// `bytes`, a message of type `root` that [`super::scan`] found well formed, as prost can read it.
pub(crate) fn mend(bytes: &[u8], root: Message) -> Result<Vec<u8>, WireError> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 8);
    let mut outer = [(Open::default(), 0); MAX_OPEN];
    let mut depth = 0;
    let mut open = Open { message: root, containers: 0, end: bytes.len() };
    let mut at = 0;
    loop {
        while at == open.end {
            if depth == 0 {
                return Ok(out);
            }
            depth -= 1;
            let content;
            (open, content) = outer[depth];
            fill_length(&mut out, content);
        }
        let malformed = |problem| WireError::Malformed { message: open.message, at, problem };
        let found = find(bytes, at, open.end).map_err(malformed)?;
        let kind = field(open.message, found.number);
        if !fits(kind, found.wire_type) {
            return Err(malformed("wrong wire type"));
        }
        let (message, is_container) = match kind {
            Field::Message(message, _) => (message, false),
            Field::Container(message) => (message, true),
            Field::Text => {
                let text = String::from_utf8_lossy(&bytes[found.value.clone()]);
                let content = start_delimited(&mut out, found.number);
                out.extend_from_slice(text.as_bytes());
                fill_length(&mut out, content);
                at = found.end;
                continue;
            }
            _ => {
                out.extend_from_slice(&bytes[at..found.end]);
                at = found.end;
                continue;
            }
        };
        let content = start_delimited(&mut out, found.number);
        match open.child(message, is_container, &found) {
            Some(inner) => {
                *outer.get_mut(depth).ok_or_else(|| malformed("nested too deeply"))? = (open, content);
                depth += 1;
                open = inner;
                at = found.value.start;
            }
            None => {
                fill_length(&mut out, content);
                at = found.end;
            }
        }
    }
}

/// Writes the tag and an empty length; where the content starts.
fn start_delimited(out: &mut Vec<u8>, number: u32) -> usize {
    // Every known number is below 32, so a tag takes at most two bytes.
    let tag = number << 3 | 2;
    if tag < 0x80 {
        out.push(tag as u8);
    } else {
        out.extend([(tag & 0x7f) as u8 | 0x80, (tag >> 7) as u8]);
    }
    out.extend([0x80, 0x80, 0x80, 0x80, 0]);
    out.len()
}

fn fill_length(out: &mut [u8], content: usize) {
    let mut length = out.len() - content;
    for place in &mut out[content - LENGTH_BYTES..content] {
        *place |= (length & 0x7f) as u8;
        length >>= 7;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::scan;
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
    use prost::Message as _;

    fn wrap(tag: u8, inner: &[u8]) -> Vec<u8> {
        [&[tag, inner.len() as u8], inner].concat()
    }

    #[test]
    fn bad_bytes_become_u_fffd_and_the_lengths_around_follow() {
        // resource_logs { scope_logs { log_records { severity_text, body { string_value } } } }
        let record = [wrap(0x1a, b"WA\xffRN"), wrap(0x2a, &wrap(0x0a, b"caf\xc3"))].concat();
        let bytes = wrap(0x0a, &wrap(0x12, &wrap(0x12, &record)));
        assert!(ExportLogsServiceRequest::decode(bytes.as_slice()).is_err());
        assert!(scan(&bytes, Message::LogsRequest, usize::MAX).unwrap().needs_mending);

        let mended = mend(&bytes, Message::LogsRequest).unwrap();
        let request = ExportLogsServiceRequest::decode(mended.as_slice()).unwrap();
        let record = &request.resource_logs[0].scope_logs[0].log_records[0];
        assert_eq!(record.severity_text, "WA\u{fffd}RN");
        let body = record.body.clone().unwrap().value.unwrap();
        assert_eq!(body, opentelemetry_proto::tonic::common::v1::any_value::Value::StringValue("caf\u{fffd}".into()));
    }

    #[test]
    fn what_needs_no_mending_means_the_same_afterwards() {
        let record = [wrap(0x1a, b"WARN"), vec![0x41, 1, 2, 3, 4, 5, 6, 7, 8], vec![0x78, 7]].concat();
        let bytes = wrap(0x0a, &wrap(0x12, &wrap(0x12, &record)));
        let bytes = [bytes, wrap(0x7a, b"unknown")].concat();
        // Field 8 is 32 bits wide in the schema, so the record above is refused by both.
        assert!(mend(&bytes, Message::LogsRequest).is_err());

        let record = [wrap(0x1a, b"WARN"), vec![0x09, 1, 2, 3, 4, 5, 6, 7, 8], vec![0x78, 7]].concat();
        let bytes = wrap(0x0a, &wrap(0x12, &wrap(0x12, &record)));
        let bytes = [bytes, wrap(0x7a, b"unknown")].concat();
        let mended = mend(&bytes, Message::LogsRequest).unwrap();
        assert_eq!(
            ExportLogsServiceRequest::decode(mended.as_slice()),
            ExportLogsServiceRequest::decode(bytes.as_slice())
        );
    }
}
