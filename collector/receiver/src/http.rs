//! OTLP over HTTP.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use http::{HeaderMap, Method, Request, Response, Version, header, request};
use hyper::body::Incoming;
use std::panic::AssertUnwindSafe;

use crate::admission::Patience;
use crate::answer::{ContentType, Whole, http_accepted, http_refused};
use crate::body::{FIRST_SHARE, Pace, Pieces, drain, read_http};
use crate::encoding::Encoding;
use crate::intake::Accepted;
use crate::outlet::Access;
use crate::receiver::Shared;
use crate::refusal::{HTTP_PATHS, Refusal};
use crate::signal::Signal;
use crate::{cors, grpc};

/// How much of a refused body is still read, and for how long, so that its sender gets to read the answer.
const DRAINED_BYTES: u64 = 16 << 20;
const DRAINED_FOR: Duration = Duration::from_secs(2);

/// Answers one request; never fails.
pub(crate) async fn handle(shared: Arc<Shared>, request: Request<Incoming>) -> Response<Whole> {
    let (head, mut body) = request.into_parts();
    let origin = cors::allowed_origin(&shared.settings, &head.headers);
    let mut response = if cors::is_preflight(&head) {
        match check_host(&shared, &head).and_then(|()| origin.clone().ok_or(Refusal::Origin)) {
            Ok(origin) => return cors::preflight(origin),
            Err(refusal) => refuse(&shared, &refusal, &ContentType::json()),
        }
    } else {
        let content_type = ContentType::of(&head.headers);
        let export = AssertUnwindSafe(export(&shared, &head, content_type.as_ref(), &mut body));
        let outcome = export.catch_unwind().await.unwrap_or(Err(Refusal::Panicked));
        let content_type = content_type.unwrap_or_else(ContentType::json);
        match outcome {
            Ok(accepted) => http_accepted(&accepted, &content_type),
            Err(refusal) => {
                let waits_for_leave = head.headers.contains_key(header::EXPECT);
                if head.version < Version::HTTP_2 && !waits_for_leave && refusal != Refusal::TooSlow {
                    drain(&mut body, DRAINED_BYTES, DRAINED_FOR).await;
                }
                refuse(&shared, &refusal, &content_type)
            }
        }
    };
    if let Some(origin) = origin {
        cors::allow(&mut response, origin);
    }
    response
}

fn refuse(shared: &Shared, refusal: &Refusal, content_type: &ContentType) -> Response<Whole> {
    shared.counts.refused(refusal);
    tracing::debug!(reason = refusal.reason(), "refused a request over HTTP");
    http_refused(refusal, content_type)
}

async fn export(
    shared: &Arc<Shared>,
    head: &request::Parts,
    content_type: Option<&ContentType>,
    body: &mut Incoming,
) -> Result<Accepted, Refusal> {
    authorize(shared, &head.headers)?;
    check_host(shared, head)?;
    let signal = Signal::of_path(head.uri.path()).ok_or(Refusal::Path(HTTP_PATHS))?;
    if head.method != Method::POST {
        return Err(Refusal::Method);
    }
    let content_type = content_type.ok_or(if grpc::is_grpc(&head.headers) {
        Refusal::ContentType("this port takes OTLP/HTTP; OTLP/gRPC has a port of its own")
    } else {
        Refusal::ContentType("content type must be application/x-protobuf or application/json")
    })?;
    let encoding = encoding(&head.headers, header::CONTENT_ENCODING.as_str()).ok_or(Refusal::Encoding)?;
    let limit = shared.body_limit();
    let declared = declared_length(&head.headers);
    if declared.is_some_and(|declared| declared > limit as u64) {
        return Err(Refusal::TooLarge { limit });
    }
    // Of a compressed body only the least is known.
    let first = match declared {
        Some(declared) if encoding == Encoding::Identity => declared as usize,
        Some(declared) => (declared as usize).max(FIRST_SHARE),
        None => FIRST_SHARE,
    };
    let mut patience = Patience::new(shared.settings.room_wait);
    let mut share = shared.room_for(first, &mut patience).await?;
    let content = read_http(Pieces::new(body, pace(shared)), encoding, limit, &mut share, &mut patience).await?;
    share.shrink_to(content.bytes.len());
    shared.take(signal, content_type.format, content, share, patience).await
}

/// The key of a request: a bearer token, or the header for those who cannot send one.
pub(crate) fn authorize(shared: &Shared, headers: &HeaderMap) -> Result<(), Refusal> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = text("authorization").and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    match (shared.outlet.authorize)(bearer.or_else(|| text("x-coldlight-key"))) {
        Access::Granted => Ok(()),
        Access::Missing => Err(Refusal::Unauthenticated),
        Access::Denied => Err(Refusal::Denied),
        Access::Wait(wait) => Err(Refusal::Rate { wait }),
    }
}

/// A page that a browser loaded from elsewhere can reach a loopback address by a name that resolves to it; then the host
/// it names is not one of ours.
fn check_host(shared: &Shared, head: &request::Parts) -> Result<(), Refusal> {
    let Some(allowed) = &shared.settings.allowed_hosts else { return Ok(()) };
    let named = head.uri.authority().map(|authority| authority.as_str());
    let host = named.or_else(|| head.headers.get(header::HOST)?.to_str().ok()).ok_or(Refusal::Host)?;
    let name = without_port(host);
    let name = name.strip_suffix('.').unwrap_or(name);
    let is = |allowed: &String| allowed.eq_ignore_ascii_case(host) || allowed.eq_ignore_ascii_case(name);
    if allowed.iter().any(is) { Ok(()) } else { Err(Refusal::Host) }
}

/// `localhost:4318` and `[::1]:4318` without what follows the last colon outside brackets.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !port.is_empty() => name,
        _ => host,
    }
}

/// The encoding a header names; none when the header is missing, `None` when it is unknown.
pub(crate) fn encoding(headers: &HeaderMap, name: &str) -> Option<Encoding> {
    let mut values = headers.get_all(name).iter();
    let encoding = match values.next() {
        None => Encoding::Identity,
        Some(value) => Encoding::named(value.to_str().ok()?)?,
    };
    // Two headers are two encodings, one around the other.
    values.next().is_none().then_some(encoding)
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

pub(crate) fn pace(shared: &Shared) -> Pace {
    Pace { pause: shared.settings.body_pause, total: shared.settings.body_wait }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_compared_without_its_port() {
        for (host, name) in [
            ("localhost:4318", "localhost"),
            ("localhost", "localhost"),
            ("[::1]:4318", "[::1]"),
            ("127.0.0.1:80", "127.0.0.1"),
            ("a:b", "a:b"),
            ("a:", "a:"),
        ] {
            assert_eq!(without_port(host), name);
        }
    }

    #[test]
    fn two_encodings_at_once_are_not_taken() {
        let mut headers = HeaderMap::new();
        assert_eq!(encoding(&headers, "content-encoding"), Some(Encoding::Identity));
        headers.append("content-encoding", "GZIP".parse().unwrap());
        assert_eq!(encoding(&headers, "content-encoding"), Some(Encoding::Gzip));
        headers.append("content-encoding", "gzip".parse().unwrap());
        assert_eq!(encoding(&headers, "content-encoding"), None);
    }
}
