//! Contexts in HTTP headers, and what else of a request's head a span says.

use http::{HeaderMap, HeaderName, HeaderValue, Version};
use opentelemetry::propagation::{Extractor, Injector};
use opentelemetry::{Context, KeyValue, global};

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

struct HeadersMut<'a>(&'a mut HeaderMap);

impl Injector for HeadersMut<'_> {
    fn set(&mut self, name: &str, value: String) {
        // An empty `tracestate` says nothing.
        if let (Ok(name), Ok(value), false) =
            (name.parse::<HeaderName>(), HeaderValue::try_from(&value), value.is_empty())
        {
            self.0.insert(name, value);
        }
    }
}

/// The caller's context, under what is current already.
pub(super) fn extract(headers: &HeaderMap) -> Context {
    let current = Context::current();
    global::get_text_map_propagator(|propagator| propagator.extract_with_context(&current, &Headers(headers)))
}

pub(super) fn inject(context: &Context, headers: &mut HeaderMap) {
    global::get_text_map_propagator(|propagator| propagator.inject_context(context, &mut HeadersMut(headers)));
}

pub(super) fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// `HOST[:PORT]` as `server.address` and `server.port`.
pub(super) fn server(authority: &str) -> Vec<KeyValue> {
    let authority = authority.rsplit('@').next().unwrap_or(authority);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') => match port.parse::<u16>() {
            Ok(port) => (host, Some(port)),
            Err(_) => (authority, None),
        },
        _ => (authority, None),
    };
    let mut all = vec![KeyValue::new("server.address", host.to_owned())];
    all.extend(port.map(|port| KeyValue::new("server.port", i64::from(port))));
    all
}

/// As the conventions write it.
pub(super) fn version(version: Version) -> Option<&'static str> {
    match version {
        Version::HTTP_10 => Some("1.0"),
        Version::HTTP_11 => Some("1.1"),
        Version::HTTP_2 => Some("2"),
        Version::HTTP_3 => Some("3"),
        _ => None,
    }
}

/// Methods the conventions know; any other is `_OTHER`, so that names stay few.
pub(super) fn method(method: &http::Method) -> &'static str {
    const KNOWN: [&str; 10] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "CONNECT", "TRACE", "QUERY"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("_OTHER")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(authority: &str, host: &str, port: Option<i64>) {
        let all = server(authority);
        assert_eq!(all[0].value.as_str(), host);
        assert_eq!(all.get(1).map(|port| port.value.clone()), port.map(Into::into));
    }

    #[test]
    fn an_authority_is_a_host_and_maybe_a_port() {
        check("api.example.com", "api.example.com", None);
        check("user:secret@api.example.com:8443", "api.example.com", Some(8443));
        check("[::1]:80", "[::1]", Some(80));
        check("[::1]", "[::1]", None);
    }
}
