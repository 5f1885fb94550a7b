//! OTLP over HTTP: protobuf and JSON, plain and gzip.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use serde_json::json;

use super::{Answer, Refusal, full, take, unzipped, whole};
use crate::house::House;
use crate::signal::Signal;
use crate::spool::Encoding;

pub async fn answer(house: &House, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = header("content-type").split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let encoding = match kind.as_str() {
        "application/x-protobuf" => Encoding::Protobuf,
        "application/json" => Encoding::Json,
        _ => {
            return told(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                Encoding::Json,
                "send application/x-protobuf or application/json",
            );
        }
    };
    let Some(signal) = Signal::of_path(head.uri.path()) else {
        return told(StatusCode::NOT_FOUND, encoding, "send to /v1/traces, /v1/logs or /v1/metrics");
    };
    if head.method != Method::POST {
        return told(StatusCode::METHOD_NOT_ALLOWED, encoding, "send with POST");
    }
    let body = match (whole(body).await, header("content-encoding")) {
        (Ok(body), "" | "identity") => Ok(body),
        (Ok(body), "gzip") => unzipped(&body),
        (Ok(_), _) => return told(StatusCode::UNSUPPORTED_MEDIA_TYPE, encoding, "send it plain or as gzip"),
        (Err(refusal), _) => Err(refusal),
    };
    match body.and_then(|body| take(house, signal, encoding, &body)) {
        Ok(()) => {
            // The success of each signal is an empty message.
            let body = match encoding {
                Encoding::Protobuf => Bytes::from(ExportTraceServiceResponse::default().encode_to_vec()),
                Encoding::Json => Bytes::from_static(b"{}"),
            };
            response(StatusCode::OK, encoding, body)
        }
        Err(Refusal::Malformed(why)) => told(StatusCode::BAD_REQUEST, encoding, why),
        Err(Refusal::TooLarge) => told(StatusCode::PAYLOAD_TOO_LARGE, encoding, "a request has 16 MiB at most"),
        Err(Refusal::Full) => {
            let mut answer = told(StatusCode::SERVICE_UNAVAILABLE, encoding, "no room in /tmp nor in memory");
            answer.headers_mut().insert("retry-after", http::HeaderValue::from_static("1"));
            answer
        }
    }
}

/// `google.rpc.Status`, in the encoding of the request.
fn told(status: StatusCode, encoding: Encoding, message: &str) -> Answer {
    let body = match encoding {
        Encoding::Json => json!({ "message": message }).to_string().into_bytes(),
        // Field 2 is the message; it is shorter than 128 bytes, so its length is one.
        Encoding::Protobuf => [&[0x12, message.len() as u8], message.as_bytes()].concat(),
    };
    response(status, encoding, body)
}

fn response(status: StatusCode, encoding: Encoding, body: impl Into<Bytes>) -> Answer {
    let kind = match encoding {
        Encoding::Protobuf => "application/x-protobuf",
        Encoding::Json => "application/json",
    };
    let mut response = Response::new(full(body));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", http::HeaderValue::from_static(kind));
    response
}
