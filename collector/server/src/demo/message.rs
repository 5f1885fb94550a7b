//! A recorded request, decoded so that its times and ids can be changed, and encoded again the way it was sent.
//!
//! The rest of the program leaves OTLP's fields to the receiver. This module plays the other side, a sender, and a sender
//! has to know them: a recording sent a second time with its old ids would be a duplicate.

use std::collections::BTreeSet;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;

use super::recording::Recording;

/// One request's content.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    Traces(ExportTraceServiceRequest),
    Logs(ExportLogsServiceRequest),
    Metrics(ExportMetricsServiceRequest),
    /// OTLP/JSON of any signal.
    Json(serde_json::Value),
}

/// One thing in a message that a retelling may change.
pub enum Field<'a> {
    /// Nanoseconds since the epoch; 0 is "not known".
    Time(&'a mut u64),
    /// 16 bytes, or empty.
    TraceId(&'a mut [u8]),
    /// 8 bytes, or empty.
    SpanId(&'a mut [u8]),
    /// An attribute of a span, an event or a link: where request ids are found.
    Text(&'a mut String),
}

/// Whatever looks at fields.
pub type Visit<'a> = dyn FnMut(Field<'_>) + 'a;

/// Why a recording cannot be read. Never seen with the recordings in the program; its tests read them all.
#[derive(Debug, thiserror::Error)]
#[error("the recording {file} cannot be read")]
pub struct Unreadable {
    file: &'static str,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl Message {
    pub fn decode(recording: &Recording) -> Result<Self, Unreadable> {
        let body = recording.body.clone();
        let decoded = match (recording.sent.content_type.as_str(), recording.sent.signal.as_str()) {
            ("application/json", _) => serde_json::from_slice(&body).map(Self::Json).map_err(Into::into),
            (_, "traces") => ExportTraceServiceRequest::decode(body).map(Self::Traces).map_err(Into::into),
            (_, "logs") => ExportLogsServiceRequest::decode(body).map(Self::Logs).map_err(Into::into),
            _ => ExportMetricsServiceRequest::decode(body).map(Self::Metrics).map_err(Into::into),
        };
        decoded.map_err(|source| Unreadable { file: recording.file, source })
    }

    pub fn encode(&self) -> Bytes {
        match self {
            Self::Traces(request) => request.encode_to_vec().into(),
            Self::Logs(request) => request.encode_to_vec().into(),
            Self::Metrics(request) => request.encode_to_vec().into(),
            Self::Json(value) => value.to_string().into(),
        }
    }

    /// Shows every field to `visit`. Resources are left out: the same function and the same container send again.
    pub fn visit(&mut self, visit: &mut Visit<'_>) {
        match self {
            Self::Traces(request) => super::proto::traces(request, visit),
            Self::Logs(request) => super::proto::logs(request, visit),
            Self::Metrics(request) => super::proto::metrics(request, visit),
            Self::Json(value) => super::json::walk(value, visit),
        }
    }

    /// The traces with a span of status ERROR.
    pub fn failing(&mut self) -> BTreeSet<Vec<u8>> {
        match self {
            Self::Traces(request) => super::proto::failing(request),
            Self::Json(value) => super::json::failing(value),
            Self::Logs(_) | Self::Metrics(_) => BTreeSet::new(),
        }
    }

    /// Leaves out spans and log records of `traces`; false when nothing is left to send.
    pub fn leave_out(&mut self, traces: &BTreeSet<Vec<u8>>) -> bool {
        match self {
            Self::Traces(request) => super::proto::leave_out_spans(request, traces),
            Self::Logs(request) => super::proto::leave_out_logs(request, traces),
            Self::Json(value) => super::json::leave_out(value, traces),
            Self::Metrics(_) => true,
        }
    }

    /// Lets the `nth` outgoing call (counted modulo how many there are) fail, and everything that waited for it.
    pub fn fail(&mut self, nth: usize) {
        match self {
            Self::Traces(request) => super::proto::fail(request, nth),
            Self::Json(value) => super::json::fail(value, nth),
            Self::Logs(_) | Self::Metrics(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::recording::scenarios;

    #[test]
    fn every_recording_is_the_same_after_decoding_and_encoding() {
        for request in scenarios().iter().flat_map(|scenario| &scenario.requests) {
            let message = Message::decode(request).unwrap();
            let again = Recording { body: message.encode(), ..request.clone() };
            assert_eq!(Message::decode(&again).unwrap(), message, "{}", request.file);
        }
    }

    #[test]
    fn every_recording_shows_its_times_and_ids() {
        for request in scenarios().iter().flat_map(|scenario| &scenario.requests) {
            let (mut times, mut ids) = (0, 0);
            Message::decode(request).unwrap().visit(&mut |field| match field {
                Field::Time(_) => times += 1,
                Field::TraceId(_) | Field::SpanId(_) => ids += 1,
                Field::Text(_) => {}
            });
            assert!(times > 0, "{}", request.file);
            assert!(ids > 0 || request.sent.signal == "metrics", "{}", request.file);
        }
    }
}
