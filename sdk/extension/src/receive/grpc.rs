//! OTLP over gRPC, in the little of it that a unary call needs: a frame in, a frame and trailers out.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;

use super::{Answer, Refusal, take, unzipped, whole};
use crate::house::House;
use crate::signal::Signal;
use crate::spool::Encoding;

/// Compressed or not, and the length of the message.
const PREFIX: usize = 5;

pub async fn answer(house: &House, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let Some(signal) = Signal::of_method(head.uri.path()) else { return told(12, "no such method") };
    let packed = head.headers.get("grpc-encoding").map(|value| value.as_bytes().to_vec());
    match whole(body).await.and_then(|body| message(&body, packed.as_deref())) {
        Ok(body) => match take(house, signal, Encoding::Protobuf, &body) {
            Ok(()) => told(0, ""),
            Err(refusal) => refused(&refusal),
        },
        Err(refusal) => refused(&refusal),
    }
}

fn message(body: &Bytes, packed: Option<&[u8]>) -> Result<Bytes, Refusal> {
    let cut = || Refusal::Malformed("the frame is cut short");
    let (prefix, rest) = body.split_at_checked(PREFIX).ok_or_else(cut)?;
    let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]) as usize;
    if rest.len() != length {
        return Err(cut());
    }
    match (prefix[0], packed) {
        (0, _) => Ok(body.slice(PREFIX..)),
        (1, Some(b"gzip")) => unzipped(rest),
        _ => Err(Refusal::Malformed("compress with gzip or not at all")),
    }
}

fn refused(refusal: &Refusal) -> Answer {
    match refusal {
        Refusal::Malformed(why) => told(3, why),
        Refusal::TooLarge => told(8, "a request has 16 MiB at most"),
        Refusal::Full => told(14, "no room in /tmp nor in memory"),
    }
}

fn told(code: u8, message: &'static str) -> Answer {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from(u16::from(code)));
    if !message.is_empty() {
        trailers.insert("grpc-message", HeaderValue::from_static(message));
    }
    // The success of each signal is an empty message.
    let frame: &[u8] = if code == 0 { &[0; PREFIX] } else { &[] };
    let body = Full::new(Bytes::copy_from_slice(frame)).with_trailers(async move { Some(Ok(trailers)) });
    let mut response = Response::new(body.boxed());
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_its_prefix_and_its_message() {
        assert_eq!(message(&Bytes::from_static(b"\0\0\0\0\x02ab"), None).unwrap(), "ab");
        for wrong in [&b"\0\0\0"[..], b"\0\0\0\0\x03ab", b"\0\0\0\0\x01ab", b"\x01\0\0\0\x02ab"] {
            assert!(message(&Bytes::copy_from_slice(wrong), None).is_err(), "{wrong:?}");
        }
    }
}
