//! A file with spans, as a browser's form or a program sends it: what kind it is, which traces it holds, and handing it to
//! our own OTLP port, so that it is checked, kept and acknowledged like anything else.

mod jaeger;

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use coldlight_model::TraceId;
use http::header;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::client::{ClientError, Server};
use crate::demo::Sender;

/// A file is read whole. Our own download of 30,000 spans has about as many bytes; what is longer goes to the OTLP port in parts.
pub const MOST_BYTES: usize = 64 << 20;
const WAIT: Duration = Duration::from_secs(30);
/// Answers to OTLP are a few bytes.
const MOST_ANSWER: usize = 1 << 20;

/// Why a file was not taken. Each is a sentence for whoever sent it.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    #[error("the form holds no file; choose one in its field “file”")]
    NoFile,
    #[error(
        "this is no OTLP, neither as JSON ({0}) nor as protobuf; a trace downloaded here, or a body that an exporter sends, is; Jaeger’s JSON is taken, too"
    )]
    NotOtlp(String),
    #[error("this looks like Jaeger’s JSON, but cannot be read: {0}")]
    NotJaeger(String),
    #[error("the file is packed; unpack it first")]
    Packed,
    #[error("the file holds no span with a trace id")]
    Empty,
    #[error("nothing listens for OTLP over HTTP (--otlp-http is off), so nothing can be taken in")]
    Off,
    #[error("the spans were not taken: {0}")]
    Refused(String),
    #[error("too much is waiting to be written; try again in {0} s")]
    Busy(u64),
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// A file that is OTLP.
#[derive(Debug, PartialEq)]
pub struct Spans {
    pub body: Bytes,
    pub content_type: &'static str,
    /// The trace with the most spans, of one size the first, and how many there are.
    pub trace: TraceId,
    pub traces: usize,
}

/// What `body` holds: a form's file (`multipart/form-data`), or the file itself.
pub fn read(content_type: &str, body: Bytes) -> Result<Spans, UploadError> {
    let body = match boundary(content_type) {
        Some(boundary) => file(&body, &boundary).ok_or(UploadError::NoFile)?,
        None => body,
    };
    if body.starts_with(&[0x1f, 0x8b]) || body.starts_with(b"PK\x03\x04") {
        return Err(UploadError::Packed);
    }
    let is_json = body.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|byte| *byte == b'{');
    let (ids, body, content_type) = if is_json && is_jaeger(&body) {
        let request = jaeger::to_otlp(&body).map_err(UploadError::NotJaeger)?;
        let body: Bytes = request.encode_to_vec().into();
        (trace_ids(&body).unwrap_or_default(), body, "application/x-protobuf")
    } else if is_json {
        let request: JsonRequest =
            serde_json::from_slice(&body).map_err(|error| UploadError::NotOtlp(error.to_string()))?;
        (request.trace_ids(), body, "application/json")
    } else {
        let ids = trace_ids(&body).ok_or_else(|| UploadError::NotOtlp("it does not begin with {".to_owned()))?;
        (ids, body, "application/x-protobuf")
    };
    let mut counts: HashMap<TraceId, (usize, usize)> = HashMap::new();
    for (at, id) in ids.into_iter().enumerate() {
        counts.entry(id).or_insert((0, at)).0 += 1;
    }
    let most = counts.iter().max_by_key(|(_, (count, first))| (*count, std::cmp::Reverse(*first)));
    let trace = *most.ok_or(UploadError::Empty)?.0;
    Ok(Spans { body, content_type, trace, traces: counts.len() })
}

/// Hands `spans` to our own OTLP port; returns once they are kept. Rejected spans are an error when none was taken.
pub async fn send(sender: &Sender, spans: &Spans) -> Result<(), UploadError> {
    let server = Server::at(sender.http.ok_or(UploadError::Off)?);
    let mut headers = vec![(header::CONTENT_TYPE, spans.content_type.to_owned())];
    if let Some(secret) = &sender.secret {
        headers.push((header::AUTHORIZATION, format!("Bearer {secret}")));
    }
    let answer = server.post("/v1/traces", &headers, spans.body.clone(), WAIT, MOST_ANSWER).await?;
    match answer.status.as_u16() {
        200 => match refusal(spans.content_type, &answer.body) {
            Some(words) => Err(UploadError::Refused(words)),
            None => Ok(()),
        },
        429 | 503 => {
            let after = answer.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            Err(UploadError::Busy(after.unwrap_or(5)))
        }
        status => {
            let words = said(spans.content_type, &answer.body);
            Err(UploadError::Refused(if words.is_empty() { format!("status {status}") } else { words }))
        }
    }
}

/// Why spans of a request that was taken were left out.
fn refusal(content_type: &str, body: &Bytes) -> Option<String> {
    let partial = if content_type == "application/json" {
        let answer: serde_json::Value = serde_json::from_slice(body).ok()?;
        let words = answer.pointer("/partialSuccess/errorMessage")?.as_str()?.to_owned();
        let rejected = answer.pointer("/partialSuccess/rejectedSpans")?;
        let is_none = rejected.as_str() == Some("0") || rejected.as_u64() == Some(0);
        (!is_none).then_some(words)
    } else {
        let partial = ExportTraceServiceResponse::decode(body.clone()).ok()?.partial_success?;
        (partial.rejected_spans > 0).then_some(partial.error_message)
    };
    partial.map(|words| if words.is_empty() { "some were rejected".to_owned() } else { words })
}

/// The message of a status, whichever way it is written.
fn said(content_type: &str, body: &Bytes) -> String {
    if content_type == "application/json" {
        let answer: Option<serde_json::Value> = serde_json::from_slice(body).ok();
        return answer.and_then(|answer| Some(answer.get("message")?.as_str()?.to_owned())).unwrap_or_default();
    }
    // google.rpc.Status: the message is field 2.
    #[derive(Clone, PartialEq, Message)]
    struct Status {
        #[prost(string, tag = "2")]
        message: String,
    }
    Status::decode(body.clone()).map(|status| status.message).unwrap_or_default()
}

#[derive(Deserialize)]
struct JsonRequest {
    #[serde(rename = "resourceSpans")]
    resource_spans: Vec<JsonResource>,
}

#[derive(Deserialize)]
struct JsonResource {
    #[serde(rename = "scopeSpans", default)]
    scope_spans: Vec<JsonScope>,
}

#[derive(Deserialize)]
struct JsonScope {
    #[serde(default)]
    spans: Vec<JsonSpan>,
}

#[derive(Deserialize)]
struct JsonSpan {
    #[serde(rename = "traceId", default)]
    trace_id: String,
}

impl JsonRequest {
    fn trace_ids(&self) -> Vec<TraceId> {
        let scopes = self.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
        let spans = scopes.flat_map(|scope| &scope.spans);
        spans.filter_map(|span| TraceId::from_hex(&span.trace_id.to_lowercase())).collect()
    }
}

/// Whether JSON is what Jaeger writes: its traces stand under `data`.
fn is_jaeger(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Names {
        #[serde(rename = "resourceSpans")]
        otlp: Option<IgnoredAny>,
        data: Option<IgnoredAny>,
    }
    serde_json::from_slice::<Names>(body).is_ok_and(|names| names.otlp.is_none() && names.data.is_some())
}

/// The trace ids of a request's spans: fields 1 (`resource_spans`), 2 (`scope_spans`), 2 (`spans`), 1 (`trace_id`). Only these are looked at:
/// decoded whole, a file of empty spans would take two hundred times its length.
fn trace_ids(body: &[u8]) -> Option<Vec<TraceId>> {
    let mut ids = Vec::new();
    parts(body, 1, &mut |resource| {
        parts(resource, 2, &mut |scope| {
            parts(scope, 2, &mut |span| {
                parts(span, 1, &mut |id| {
                    ids.extend(TraceId::from_slice(id));
                    Some(())
                })
            })
        })
    })?;
    Some(ids)
}

/// Hands over each value of a message's field `wanted` that has a length; `None` when this is no message.
fn parts(mut message: &[u8], wanted: u32, each: &mut dyn FnMut(&[u8]) -> Option<()>) -> Option<()> {
    while !message.is_empty() {
        let (tag, wire) = decode_key(&mut message).ok()?;
        if tag == wanted && wire == WireType::LengthDelimited {
            let length = usize::try_from(decode_varint(&mut message).ok()?).ok()?;
            let (part, rest) = message.split_at_checked(length)?;
            each(part)?;
            message = rest;
        } else {
            skip_field(wire, tag, &mut message, DecodeContext::default()).ok()?;
        }
    }
    Some(())
}

/// What parts of a form are divided by.
fn boundary(content_type: &str) -> Option<String> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let named = |parameter: &str| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"').to_owned())
    };
    parameters.split(';').find_map(named).filter(|boundary| !boundary.is_empty() && boundary.len() <= 70)
}

/// The content of the first part that is a file (RFC 7578), when it is not empty.
fn file(body: &Bytes, boundary: &str) -> Option<Bytes> {
    let mark = format!("--{boundary}");
    let end = format!("\r\n{mark}");
    let mut at = find(body, mark.as_bytes(), 0)? + mark.len();
    loop {
        let head = find(body, b"\r\n\r\n", at)?;
        let headers = String::from_utf8_lossy(&body[at..head]).to_lowercase();
        let start = head + 4;
        let stop = find(body, end.as_bytes(), start)?;
        let is_file =
            headers.lines().any(|line| line.starts_with("content-disposition:") && line.contains("filename="));
        if is_file {
            return (stop > start).then(|| body.slice(start..stop));
        }
        at = stop + end.len();
    }
}

fn find(body: &[u8], sought: &[u8], from: usize) -> Option<usize> {
    let first = *sought.first()?;
    let mut at = from;
    while let Some(next) = body.get(at..)?.iter().position(|byte| *byte == first) {
        at += next;
        if body[at..].starts_with(sought) {
            return Some(at);
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const JSON: &str = r#" {"resourceSpans":[{"scopeSpans":[{"spans":[
        {"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"eee19b7ec3c1b174","name":"x"},
        {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"eee19b7ec3c1b175"},
        {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"eee19b7ec3c1b176"}]}]}]}"#;

    fn form(content: &str) -> (String, Bytes) {
        let body = format!(
            "--xYz\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--xYz\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"t.json\"\r\nContent-Type: application/json\r\n\r\n\
             {content}\r\n--xYz--\r\n"
        );
        ("multipart/form-data; boundary=xYz".to_owned(), body.into())
    }

    #[test]
    fn a_forms_file_and_a_body_hold_the_same() {
        let (kind, body) = form(JSON);
        let spans = read(&kind, body).unwrap();
        assert_eq!(spans, read("application/json", JSON.into()).unwrap());
        assert_eq!((spans.trace.to_hex().as_str(), spans.traces), ("0af7651916cd43dd8448eb211c80319c", 2));
        assert_eq!(spans.body, JSON);
    }

    #[test]
    fn protobuf_is_known_by_what_it_holds() {
        use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
        use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
        let span = Span { trace_id: vec![7; 16], ..Span::default() };
        let scopes = vec![ScopeSpans { spans: vec![span], ..ScopeSpans::default() }];
        let request = ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans { scope_spans: scopes, ..ResourceSpans::default() }],
        };
        let spans = read("application/octet-stream", request.encode_to_vec().into()).unwrap();
        assert_eq!((spans.content_type, spans.trace.to_hex()), ("application/x-protobuf", "07".repeat(16)));
    }

    #[test]
    fn what_is_no_trace_is_told_apart() {
        let error = |body: &str| read("", Bytes::copy_from_slice(body.as_bytes())).unwrap_err().to_string();
        assert!(error("{\"dat\":[]}").contains("resourceSpans"));
        assert!(error("{\"data\":[]}").contains("no span"));
        assert!(
            error("{\"data\":[{\"spans\":[{}]}]}")
                .contains("Jaeger’s JSON, but cannot be read: missing field `traceID`")
        );
        assert!(error("<html>").contains("no OTLP"));
        assert!(error("{\"resourceSpans\":[]}").contains("no span"));
        assert!(matches!(read("", Bytes::from_static(&[0x1f, 0x8b, 8])), Err(UploadError::Packed)));
        let (kind, body) = form("");
        assert!(matches!(read(&kind, body), Err(UploadError::NoFile)));
        assert!(matches!(read("multipart/form-data; boundary=q", "--q--".into()), Err(UploadError::NoFile)));
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(kind in "(multipart/form-data; ?boundary=.{0,4}|.{0,20})", body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&kind, body.into());
        }

        #[test]
        fn what_is_in_a_form_comes_out_whole(content in "[^\r]{1,80}") {
            let (kind, body) = form(&content);
            prop_assert_eq!(file(&body, &boundary(&kind).unwrap()).unwrap(), content.as_bytes());
        }
    }
}
