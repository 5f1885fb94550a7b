//! The three signals of OTLP, and how their requests are put together.

use bytes::{BufMut, Bytes, BytesMut};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::spool::Encoding;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    Traces,
    Logs,
    Metrics,
}

pub const ALL: [Signal; 3] = [Signal::Traces, Signal::Logs, Signal::Metrics];

impl Signal {
    pub fn name(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Logs => "logs",
            Self::Metrics => "metrics",
        }
    }

    /// `/v1/traces`.
    pub fn of_path(path: &str) -> Option<Self> {
        let name = path.strip_prefix("/v1/")?;
        ALL.into_iter().find(|signal| signal.name() == name)
    }

    /// `/opentelemetry.proto.collector.trace.v1.TraceService/Export`.
    pub fn of_method(path: &str) -> Option<Self> {
        let service = path.strip_prefix("/opentelemetry.proto.collector.")?.strip_suffix("/Export")?;
        match service {
            "trace.v1.TraceService" => Some(Self::Traces),
            "logs.v1.LogsService" => Some(Self::Logs),
            "metrics.v1.MetricsService" => Some(Self::Metrics),
            _ => None,
        }
    }
}

/// Whether `body` is a request at all, as far as its outermost layer tells. What is deeper is the collector's to judge.
pub fn plausible(encoding: Encoding, body: &[u8]) -> bool {
    match encoding {
        // A list would pass for a structure without names.
        Encoding::Json => {
            body.trim_ascii_start().first() == Some(&b'{') && serde_json::from_slice::<Request<'_>>(body).is_ok()
        }
        Encoding::Protobuf => {
            let mut left = body;
            while !left.is_empty() {
                let Some(rest) = field(left) else { return false };
                left = rest;
            }
            true
        }
    }
}

/// Behind one field of a protobuf message; `None` when there is no whole one.
fn field(bytes: &[u8]) -> Option<&[u8]> {
    let (tag, rest) = varint(bytes)?;
    match tag & 7 {
        0 => varint(rest).map(|(_, rest)| rest),
        1 => rest.get(8..),
        2 => {
            let (length, rest) = varint(rest)?;
            rest.get(usize::try_from(length).ok()?..)
        }
        5 => rest.get(4..),
        _ => None,
    }
    .filter(|_| tag >> 3 != 0)
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0u64;
    for (index, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f).checked_shl(7 * index as u32)?;
        if byte & 0x80 == 0 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}

/// The lists of any of the three requests; text stays as it was written, so that no digit of a time is lost.
#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow, alias = "resourceSpans", alias = "resourceLogs", alias = "resourceMetrics", default)]
    resources: Vec<&'a RawValue>,
}

/// Several requests as one: protobuf messages are joined by writing them one after the other, JSON by joining their lists.
pub fn merge(signal: Signal, encoding: Encoding, bodies: &[Bytes]) -> Bytes {
    if let [only] = bodies {
        return only.clone();
    }
    let size: usize = bodies.iter().map(Bytes::len).sum();
    let mut whole = BytesMut::with_capacity(size + 32);
    match encoding {
        Encoding::Protobuf => bodies.iter().for_each(|body| whole.put_slice(body)),
        Encoding::Json => {
            let list = match signal {
                Signal::Traces => "resourceSpans",
                Signal::Logs => "resourceLogs",
                Signal::Metrics => "resourceMetrics",
            };
            whole.put_slice(format!("{{\"{list}\":[").as_bytes());
            // They were parsed when they were taken.
            let parsed = bodies.iter().filter_map(|body| serde_json::from_slice::<Request<'_>>(body).ok());
            for (index, resource) in parsed.flat_map(|request| request.resources).enumerate() {
                if index > 0 {
                    whole.put_u8(b',');
                }
                whole.put_slice(resource.get().as_bytes());
            }
            whole.put_slice(b"]}");
        }
    }
    whole.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
    use prost::Message;

    fn request(names: &[&str]) -> ExportTraceServiceRequest {
        let span = |name: &&str| Span { name: (*name).to_owned(), ..Span::default() };
        let scope = ScopeSpans { spans: names.iter().map(span).collect(), ..ScopeSpans::default() };
        ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans { scope_spans: vec![scope], ..ResourceSpans::default() }],
        }
    }

    #[test]
    fn requests_are_joined_without_being_read() {
        let bodies = [request(&["a", "b"]), request(&["c"])].map(|request| Bytes::from(request.encode_to_vec()));
        let whole = ExportTraceServiceRequest::decode(merge(Signal::Traces, Encoding::Protobuf, &bodies)).unwrap();
        assert_eq!(
            whole.resource_spans,
            [request(&["a", "b"]), request(&["c"])].map(|one| one.resource_spans[0].clone())
        );
        let json = [
            "{\"resourceSpans\":[{\"a\":12345678901234567890}, {\"b\":1}]}",
            "{}",
            "{\"resourceSpans\":[{\"c\":2.50}]}",
        ];
        let whole = merge(Signal::Traces, Encoding::Json, &json.map(Bytes::from));
        assert_eq!(whole, "{\"resourceSpans\":[{\"a\":12345678901234567890},{\"b\":1},{\"c\":2.50}]}");
    }

    #[test]
    fn what_is_no_request_is_not_taken() {
        assert!(plausible(Encoding::Protobuf, &request(&["a"]).encode_to_vec()));
        assert!(plausible(Encoding::Protobuf, b"") && plausible(Encoding::Json, b"{\"resourceSpans\":[]}"));
        for wrong in [&b"\x0a\x05abc"[..], b"\x00", b"hello", b"\x0f"] {
            assert!(!plausible(Encoding::Protobuf, wrong), "{wrong:?}");
        }
        for wrong in [&b"[]"[..], b"{", b"{\"resourceSpans\":7}", b""] {
            assert!(!plausible(Encoding::Json, wrong), "{wrong:?}");
        }
    }

    #[test]
    fn signals_are_told_by_path_and_method() {
        assert_eq!(Signal::of_path("/v1/logs"), Some(Signal::Logs));
        assert_eq!(
            Signal::of_method("/opentelemetry.proto.collector.trace.v1.TraceService/Export"),
            Some(Signal::Traces)
        );
        assert_eq!(Signal::of_path("/v2/logs"), None);
    }
}
