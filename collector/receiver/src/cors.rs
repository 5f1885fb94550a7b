//! Pages of other origins may send OTLP/HTTP only when an operator named their origin.

use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, request};
use http_body_util::Full;

use crate::answer::Whole;
use crate::settings::Settings;

/// What a browser's exporter sends besides the headers that need no leave.
const HEADERS: &str = "content-type, content-encoding, authorization, traceparent, x-coldlight-key";
/// Two hours: the longest that Chromium remembers.
const MAX_AGE_S: &str = "7200";

/// Whether a browser asks for leave before it sends the real request.
pub(crate) fn is_preflight(head: &request::Parts) -> bool {
    head.method == Method::OPTIONS
        && head.headers.contains_key(header::ORIGIN)
        && head.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The origin of this request, when its pages may send here.
pub(crate) fn allowed_origin(settings: &Settings, headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    // Origins are compared as browsers write them: scheme and host in lower case, no slash at the end.
    let is_allowed = |allowed: &String| allowed == "*" || allowed.trim_end_matches('/').as_bytes() == origin.as_bytes();
    settings.cors_origins.iter().any(is_allowed).then(|| origin.clone())
}

/// The answer to a preflight of an allowed origin.
pub(crate) fn preflight(origin: HeaderValue) -> Response<Whole> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE_S));
    allow(&mut response, origin);
    response
}

/// Lets the page of `origin` read this answer. Never with credentials: a browser's cookies have no business here.
pub(crate) fn allow(response: &mut Response<Whole>, origin: HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after"));
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
}
