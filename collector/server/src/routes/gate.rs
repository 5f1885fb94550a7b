//! Who gets in: the host they asked for is ours, and their key or session allows what they ask.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode, Uri, header};

use super::{ROUTES, cookies};
use crate::access::{COOKIE, Hosts, Shown, Verdict};
use crate::site::Site;
use crate::web::Peer;
use crate::wrong::Wrong;

/// Refuses names that are not ours. On loopback any web page could otherwise talk to us through a name of its own.
pub async fn host(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let asked = host_of(request.uri(), request.headers()).unwrap_or_default();
    match is_ours(site.hosts.as_ref(), &asked) {
        true => next.run(request).await,
        false => {
            let message = "this name does not lead here; start coldlight with --allowed-host to add it";
            Wrong::new(StatusCode::MISDIRECTED_REQUEST, message).into_response()
        }
    }
}

fn is_ours(hosts: Option<&Hosts>, asked: &str) -> bool {
    hosts.is_none_or(|hosts| hosts.allow(asked))
}

/// The host a request was sent to: the authority of its address (HTTP/2), else its Host header.
pub fn host_of(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    match uri.authority() {
        Some(authority) => Some(authority.as_str().to_owned()),
        None => headers.get(header::HOST)?.to_str().ok().map(str::to_owned),
    }
}

/// Lets a request through to its route when the route's scope is granted.
pub async fn may(
    State(site): State<Arc<Site>>,
    matched: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
    let path = matched.as_ref().map_or("", MatchedPath::as_str);
    let Some(route) = ROUTES.iter().find(|route| route.method == *method && route.path == path) else {
        // A route without a line in the table; a test sees to it that there is none.
        return Wrong::from(Verdict::Unknown).into_response();
    };
    let verdict = match route.scope {
        None => Verdict::Granted,
        Some(scope) => {
            let session = cookies::read(request.headers(), COOKIE);
            let shown = Shown { bearer: bearer(request.headers()), session: session.as_deref() };
            site.access.decide(shown, scope, peer(&request), Instant::now())
        }
    };
    match verdict {
        Verdict::Granted => next.run(request).await,
        refused => Wrong::from(refused).into_response(),
    }
}

/// The secret of `Authorization: Bearer SECRET`, or of `X-Coldlight-Key` as senders of spans may write it.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let secret = authorization.and_then(|value| {
        let (scheme, secret) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
    });
    secret.or_else(|| headers.get("x-coldlight-key")?.to_str().ok())
}

/// Where a request came from; requests that did not come over a socket (in tests) come from nowhere.
pub fn peer(request: &Request) -> IpAddr {
    request.extensions().get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(name: &'static str, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(http::HeaderName::from_static(name), HeaderValue::from_static(value))])
    }

    #[test]
    fn a_secret_is_a_bearer_token_or_a_key() {
        assert_eq!(bearer(&headers("authorization", "Bearer abc")), Some("abc"));
        assert_eq!(bearer(&headers("authorization", "bearer  abc ")), Some("abc"));
        assert_eq!(bearer(&headers("x-coldlight-key", "abc")), Some("abc"));
        assert_eq!(bearer(&headers("authorization", "Basic abc")), None);
        assert_eq!(bearer(&HeaderMap::new()), None);
    }

    #[test]
    fn the_host_is_the_authority_or_the_header() {
        let from = |uri: &str, headers: &HeaderMap| host_of(&uri.parse().unwrap(), headers);
        assert_eq!(from("/map", &headers("host", "localhost:4319")).as_deref(), Some("localhost:4319"));
        assert_eq!(from("http://evil.example/map", &headers("host", "localhost")).as_deref(), Some("evil.example"));
        assert_eq!(from("/map", &HeaderMap::new()), None);
    }

    #[test]
    fn without_a_list_of_hosts_any_name_leads_here() {
        assert!(is_ours(None, "anything"));
        assert!(!is_ours(Some(&Hosts::new("127.0.0.1", &[])), "anything"));
        assert!(!is_ours(Some(&Hosts::new("127.0.0.1", &[])), ""));
    }
}
