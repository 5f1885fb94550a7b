//! OTLP over gRPC.
//!
//! Own handling of gRPC's frames rather than tonic's codec, for three reasons: room is taken before the body is read,
//! the bytes are looked through and mended before they are decoded, and a message that is too long is
//! RESOURCE_EXHAUSTED (tonic says OUT_OF_RANGE, which clients retry for ever). Statuses and their details are tonic's.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use http::{HeaderMap, Method, Request, Response, Version, header, request};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tonic::body::Body;

use crate::admission::Patience;
use crate::answer::{ContentType, grpc_accepted, grpc_refused, http_refused};
use crate::body::{FIRST_SHARE, Pieces, read_grpc};
use crate::http::{authorize, encoding, pace};
use crate::intake::{Accepted, Format};
use crate::receiver::Shared;
use crate::refusal::{GRPC_METHODS, Refusal};
use crate::signal::Signal;

/// Answers one call; never fails.
pub(crate) async fn handle(shared: Arc<Shared>, request: Request<Incoming>) -> Response<Body> {
    let (head, mut body) = request.into_parts();
    if head.version < Version::HTTP_2 {
        return not_http2(&shared, &head.headers);
    }
    let outcome = AssertUnwindSafe(export(&shared, &head, &mut body)).catch_unwind().await;
    match outcome.unwrap_or(Err(Refusal::Panicked)) {
        Ok(accepted) => grpc_accepted(&accepted),
        Err(refusal) => {
            shared.counts.refused(&refusal);
            tracing::debug!(reason = refusal.reason(), "refused a call over gRPC");
            grpc_refused(&refusal)
        }
    }
}

/// OTLP/HTTP sent to the port of OTLP/gRPC is a common mistake: it gets an answer that a person can read.
fn not_http2(shared: &Shared, headers: &HeaderMap) -> Response<Body> {
    let refusal = Refusal::ContentType("this port takes OTLP/gRPC over HTTP/2; OTLP/HTTP has a port of its own");
    shared.counts.refused(&refusal);
    let content_type = ContentType::of(headers).unwrap_or_else(ContentType::json);
    http_refused(&refusal, &content_type).map(|body| Body::new(body.map_err(|never| match never {})))
}

async fn export(shared: &Arc<Shared>, head: &request::Parts, body: &mut Incoming) -> Result<Accepted, Refusal> {
    authorize(shared, &head.headers)?;
    if !is_grpc(&head.headers) {
        return Err(Refusal::ContentType("content type must be application/grpc"));
    }
    let signal = Signal::of_method(head.uri.path()).ok_or(Refusal::Path(GRPC_METHODS))?;
    if head.method != Method::POST {
        return Err(Refusal::Method);
    }
    let encoding = encoding(&head.headers, "grpc-encoding").ok_or(Refusal::Encoding)?;
    let mut patience = Patience::new(longest_wait(&head.headers, shared.settings.room_wait));
    let mut share = shared.room_for(FIRST_SHARE, &mut patience).await?;
    let pieces = Pieces::new(body, pace(shared));
    let content = read_grpc(pieces, encoding, shared.body_limit(), &mut share, &mut patience).await?;
    share.shrink_to(content.bytes.len());
    shared.take(signal, Format::Protobuf, content, share, patience).await
}

/// `application/grpc` and `application/grpc+proto`, with any parameters.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    let sent = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let name = sent.split(';').next().unwrap_or_default().trim();
    name.eq_ignore_ascii_case("application/grpc") || name.eq_ignore_ascii_case("application/grpc+proto")
}

/// No longer than half of what the caller gives the whole call: an answer after its deadline is no answer.
fn longest_wait(headers: &HeaderMap, room_wait: Duration) -> Duration {
    let deadline = headers.get("grpc-timeout").and_then(|value| timeout(value.to_str().ok()?));
    deadline.map_or(room_wait, |deadline| room_wait.min(deadline / 2))
}

/// `grpc-timeout`: up to eight digits and a unit.
fn timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_deadline_shortens_the_wait() {
        let wait = |sent: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("grpc-timeout", sent.parse().unwrap());
            longest_wait(&headers, Duration::from_secs(3))
        };
        assert_eq!(wait("10S"), Duration::from_secs(3));
        assert_eq!(wait("2000m"), Duration::from_secs(1));
        assert_eq!(wait("99999999H"), Duration::from_secs(3));
        for odd in ["", "S", "123456789S", "5", "5x", "-1S"] {
            assert_eq!(wait(odd), Duration::from_secs(3), "{odd}");
        }
    }

    #[test]
    fn grpc_is_known_by_its_content_type() {
        let is = |sent: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, sent.parse().unwrap());
            is_grpc(&headers)
        };
        assert!(is("application/grpc") && is("application/grpc+proto") && is("Application/gRPC; v=1"));
        assert!(!is("application/grpc+json") && !is("application/grpc-web") && !is("application/json"));
        assert!(!is_grpc(&HeaderMap::new()));
    }
}
