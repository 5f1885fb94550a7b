//! Answers, in the words of each protocol.
//!
//! OTLP/HTTP: a success is an export response, anything else a `google.rpc.Status`, both in the content type of the
//! request. gRPC: the response and a status in the trailers, or a status alone.

use bytes::{BufMut, Bytes, BytesMut};
use coldlight_model::push_json_string;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsPartialSuccess, ExportLogsServiceResponse};
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsPartialSuccess, ExportMetricsServiceResponse};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceResponse};
use prost::Message;
use tonic::Status;
use tonic::body::Body;

use crate::encoding::ACCEPTED;
use crate::intake::{Accepted, Format};
use crate::refusal::Refusal;
use crate::signal::Signal;

/// The body of an HTTP answer.
pub(crate) type Whole = Full<Bytes>;

impl Accepted {
    /// Full success leaves the partial success unset, so the message is empty.
    fn to_protobuf(&self) -> Vec<u8> {
        let Self { signal, rejected, message } = self;
        let rejected = i64::try_from(*rejected).unwrap_or(i64::MAX);
        if rejected == 0 && message.is_empty() {
            return Vec::new();
        }
        let error_message = message.clone();
        match signal {
            Signal::Traces => {
                let partial_success = Some(ExportTracePartialSuccess { rejected_spans: rejected, error_message });
                ExportTraceServiceResponse { partial_success }.encode_to_vec()
            }
            Signal::Logs => {
                let partial_success = Some(ExportLogsPartialSuccess { rejected_log_records: rejected, error_message });
                ExportLogsServiceResponse { partial_success }.encode_to_vec()
            }
            Signal::Metrics => {
                let partial_success =
                    Some(ExportMetricsPartialSuccess { rejected_data_points: rejected, error_message });
                ExportMetricsServiceResponse { partial_success }.encode_to_vec()
            }
        }
    }

    fn to_json(&self) -> String {
        let Self { signal, rejected, message } = self;
        if *rejected == 0 && message.is_empty() {
            return "{}".to_owned();
        }
        let name = match signal {
            Signal::Traces => "rejectedSpans",
            Signal::Logs => "rejectedLogRecords",
            Signal::Metrics => "rejectedDataPoints",
        };
        // A 64-bit number is text in proto3's JSON.
        let mut json = format!("{{\"partialSuccess\":{{\"{name}\":\"{rejected}\",\"errorMessage\":");
        push_json_string(message, &mut json);
        json.push_str("}}");
        json
    }
}

/// Which format an HTTP answer has, and what it is called there: some senders say `application/protobuf`.
#[derive(Clone, Debug)]
pub(crate) struct ContentType {
    pub(crate) format: Format,
    name: HeaderValue,
}

impl ContentType {
    /// From the request's `Content-Type`, in any case and with any parameters.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let sent = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        let sent = sent.split(';').next().unwrap_or(sent).trim().to_ascii_lowercase();
        let (format, name) = match sent.as_str() {
            "application/x-protobuf" => (Format::Protobuf, "application/x-protobuf"),
            "application/protobuf" => (Format::Protobuf, "application/protobuf"),
            "application/json" => (Format::Json, "application/json"),
            _ => return None,
        };
        Some(Self { format, name: HeaderValue::from_static(name) })
    }

    /// For whoever sent something else: people read JSON.
    pub(crate) fn json() -> Self {
        Self { format: Format::Json, name: HeaderValue::from_static("application/json") }
    }

    fn answer(&self, status: StatusCode, body: impl Into<Bytes>) -> Response<Whole> {
        let mut response = Response::new(Full::new(body.into()));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, self.name.clone());
        response
    }
}

pub(crate) fn http_accepted(accepted: &Accepted, content_type: &ContentType) -> Response<Whole> {
    match content_type.format {
        Format::Protobuf => content_type.answer(StatusCode::OK, accepted.to_protobuf()),
        Format::Json => content_type.answer(StatusCode::OK, accepted.to_json()),
    }
}

pub(crate) fn http_refused(refusal: &Refusal, content_type: &ContentType) -> Response<Whole> {
    let mut response = match content_type.format {
        // The details of a gRPC status are a `google.rpc.Status`, whole.
        Format::Protobuf => {
            content_type.answer(refusal.http_status(), Bytes::copy_from_slice(refusal.status().details()))
        }
        Format::Json => content_type.answer(refusal.http_status(), status_json(refusal)),
    };
    let headers = response.headers_mut();
    if let Some(seconds) = refusal.retry_after_s() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    match refusal {
        Refusal::Method => {
            headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        Refusal::Encoding => {
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, zstd, deflate, identity"));
        }
        Refusal::Unauthenticated => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        _ => {}
    }
    response
}

/// A `google.rpc.Status` as proto3's JSON has it.
fn status_json(refusal: &Refusal) -> String {
    let mut json = format!("{{\"code\":{},\"message\":", refusal.code() as i32);
    push_json_string(&refusal.to_string(), &mut json);
    let mut details = Vec::new();
    if let Some(seconds) = refusal.retry_after_s() {
        details
            .push(format!("{{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"{seconds}s\"}}"));
    }
    if let Some((place, problem)) = refusal.violation() {
        let mut detail =
            "{\"@type\":\"type.googleapis.com/google.rpc.BadRequest\",\"fieldViolations\":[{\"field\":".to_owned();
        push_json_string(place, &mut detail);
        detail.push_str(",\"description\":");
        push_json_string(problem, &mut detail);
        detail.push_str("}]}");
        details.push(detail);
    }
    if !details.is_empty() {
        json.push_str(&format!(",\"details\":[{}]", details.join(",")));
    }
    json.push('}');
    json
}

const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

pub(crate) fn grpc_accepted(accepted: &Accepted) -> Response<Body> {
    let message = accepted.to_protobuf();
    let mut frame = BytesMut::with_capacity(5 + message.len());
    frame.put_u8(0);
    // A response is some hundred bytes.
    frame.put_u32(message.len() as u32);
    frame.put_slice(&message);
    let mut trailers = HeaderMap::new();
    trailers.insert(Status::GRPC_STATUS, HeaderValue::from_static("0"));
    let body = Full::new(frame.freeze()).with_trailers(std::future::ready(Some(Ok(trailers))));
    let mut response = Response::new(Body::new(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(GRPC_ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED));
    response
}

pub(crate) fn grpc_refused(refusal: &Refusal) -> Response<Body> {
    let mut response: Response<Body> = refusal.status().into_http();
    response.headers_mut().insert(GRPC_ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED));
    if matches!(refusal, Refusal::ContentType(_)) {
        // gRPC over HTTP/2 wants this of a request that is no gRPC at all.
        *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldlight_model::{Busy, BusyReason};

    #[test]
    fn full_success_says_nothing_at_all() {
        let all = Accepted { signal: Signal::Traces, rejected: 0, message: String::new() };
        assert_eq!((all.to_protobuf(), all.to_json()), (vec![], "{}".to_owned()));
    }

    #[test]
    fn partial_success_is_the_same_in_both_formats() {
        let some = Accepted { signal: Signal::Traces, rejected: 3, message: "3 \"bad\"".into() };
        assert_eq!(some.to_json(), r#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"3 \"bad\""}}"#);
        let decoded = ExportTraceServiceResponse::decode(some.to_protobuf().as_slice()).unwrap();
        let partial = decoded.partial_success.unwrap();
        assert_eq!((partial.rejected_spans, partial.error_message.as_str()), (3, "3 \"bad\""));
    }

    #[test]
    fn a_status_is_json_with_its_details() {
        let busy = Refusal::Busy(Busy { reason: BusyReason::DiskLow, retry_after_s: 9 });
        assert_eq!(
            status_json(&busy),
            r#"{"code":14,"message":"disk low just now, try again later","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"5s"}]}"#
        );
        assert_eq!(status_json(&Refusal::Host), r#"{"code":7,"message":"this host name is not served here"}"#);
    }

    #[test]
    fn content_types_are_read_in_any_case_with_any_parameters() {
        let of = |sent: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, sent.parse().unwrap());
            ContentType::of(&headers).map(|content_type| content_type.format)
        };
        assert_eq!(of("Application/X-Protobuf"), Some(Format::Protobuf));
        assert_eq!(of("application/json; charset=utf-8"), Some(Format::Json));
        assert_eq!(of("text/plain"), None);
        assert!(ContentType::of(&HeaderMap::new()).is_none());
    }
}
