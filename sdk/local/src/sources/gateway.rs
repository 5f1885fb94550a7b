//! Requests as events and answers as responses: function URLs and HTTP APIs (payload 2.0), REST APIs (payload 1.0).

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::clock;
use crate::function::Function;

/// Which of them a request comes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    FunctionUrl,
    HttpApi,
    RestApi,
}

/// A request, as far as an event tells of it.
pub struct Incoming<'a> {
    pub method: &'a Method,
    pub uri: &'a Uri,
    pub headers: &'a HeaderMap,
    pub body: &'a Bytes,
    pub peer: SocketAddr,
    pub request_id: &'a str,
    /// The route that matched, such as `/orders/{id}`; `None` for a function URL.
    pub route: Option<&'a str>,
    pub parameters: &'a BTreeMap<String, String>,
}

pub fn event(kind: Kind, function: &Function, incoming: &Incoming<'_>) -> Value {
    match kind {
        Kind::FunctionUrl | Kind::HttpApi => payload_2(kind, function, incoming),
        Kind::RestApi => payload_1(function, incoming),
    }
}

fn payload_2(kind: Kind, function: &Function, incoming: &Incoming<'_>) -> Value {
    let (body, encoded) = body(incoming);
    let now = clock::now();
    let path = incoming.uri.path();
    let key = match incoming.route {
        Some(route) => format!("{} {route}", incoming.method),
        None => "$default".to_owned(),
    };
    let domain = match kind {
        Kind::FunctionUrl => format!("{}.lambda-url.{}.on.aws", url_id(&function.name), function.region),
        _ => format!("{}.execute-api.{}.amazonaws.com", api_id(&function.name), function.region),
    };
    let headers = joined(incoming.headers);
    let mut event = json!({
        "version": "2.0", "routeKey": key, "rawPath": path, "rawQueryString": incoming.uri.query().unwrap_or_default(),
        "headers": headers, "isBase64Encoded": encoded,
        "requestContext": {
            "accountId": if kind == Kind::FunctionUrl { "anonymous" } else { function.account.as_str() },
            "apiId": domain.split('.').next(), "domainName": domain, "domainPrefix": domain.split('.').next(),
            "http": {
                "method": incoming.method.as_str(), "path": path, "protocol": "HTTP/1.1",
                "sourceIp": incoming.peer.ip().to_string(), "userAgent": headers.get("user-agent"),
            },
            "requestId": incoming.request_id, "routeKey": key, "stage": "$default",
            "time": clock::format(now, "%d/%b/%Y:%H:%M:%S +0000"), "timeEpoch": clock::unix_ms(now),
        },
    });
    let cookies: Vec<&str> = values(incoming.headers, "cookie").flat_map(|line| line.split("; ")).collect();
    let query = query(incoming.uri);
    let joined_query: Map<String, Value> =
        query.iter().map(|(name, values)| (name.clone(), json!(values.join(",")))).collect();
    for (name, value) in [
        ("body", body.map(Value::from)),
        ("cookies", (!cookies.is_empty()).then(|| json!(cookies))),
        ("queryStringParameters", (!joined_query.is_empty()).then(|| json!(joined_query))),
        ("pathParameters", (!incoming.parameters.is_empty()).then(|| json!(incoming.parameters))),
    ] {
        if let Some(value) = value {
            event[name] = value;
        }
    }
    event
}

fn payload_1(function: &Function, incoming: &Incoming<'_>) -> Value {
    let (body, encoded) = body(incoming);
    let now = clock::now();
    let path = incoming.uri.path();
    let route = incoming.route.unwrap_or("/{proxy+}");
    let query = query(incoming.uri);
    let last: Map<String, Value> =
        query.iter().filter_map(|(name, values)| Some((name.clone(), json!(values.last()?)))).collect();
    let domain = format!("{}.execute-api.{}.amazonaws.com", api_id(&function.name), function.region);
    let mut many: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, value) in incoming.headers {
        many.entry(name.as_str()).or_default().push(value.to_str().unwrap_or_default());
    }
    let headers: BTreeMap<&str, &str> = many.iter().filter_map(|(name, all)| Some((*name, *all.last()?))).collect();
    let or_null = |empty: bool, value: Value| if empty { Value::Null } else { value };
    json!({
        "resource": route, "path": path, "httpMethod": incoming.method.as_str(),
        "headers": headers, "multiValueHeaders": many,
        "queryStringParameters": or_null(last.is_empty(), json!(last)),
        "multiValueQueryStringParameters": or_null(query.is_empty(), json!(query)),
        "pathParameters": or_null(incoming.parameters.is_empty(), json!(incoming.parameters)),
        "stageVariables": null, "body": body, "isBase64Encoded": encoded,
        "requestContext": {
            "resourcePath": route, "httpMethod": incoming.method.as_str(), "path": format!("/local{path}"),
            "accountId": function.account, "protocol": "HTTP/1.1", "stage": "local",
            "domainPrefix": domain.split('.').next(), "domainName": domain, "apiId": domain.split('.').next(),
            "requestTimeEpoch": clock::unix_ms(now), "requestId": incoming.request_id,
            "requestTime": clock::format(now, "%d/%b/%Y:%H:%M:%S +0000"), "resourceId": "local",
            "identity": { "sourceIp": incoming.peer.ip().to_string(), "userAgent": headers.get("user-agent") },
        },
    })
}

/// A response as a function describes it.
#[derive(Debug, PartialEq)]
pub struct Outgoing {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// What the function's answer means as a response: an object with `statusCode` says all; without one, payload 2.0 takes it as a
/// JSON body with status 200. `None` when it means nothing, which gateways answer with 502.
pub fn response(kind: Kind, answer: &Bytes) -> Option<Outgoing> {
    let parsed: Value = serde_json::from_slice(answer).ok()?;
    let Some(code) = parsed.get("statusCode") else {
        if kind == Kind::RestApi {
            return None;
        }
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        // A text is sent as it is, not as JSON of it.
        let body = parsed.as_str().map_or_else(|| answer.clone(), |text| Bytes::from(text.to_owned()));
        return Some(Outgoing { status: StatusCode::OK, headers, body });
    };
    let (status, mut headers) = head(&parsed, code)?;
    let text = parsed["body"].as_str().unwrap_or_default();
    let body =
        if parsed["isBase64Encoded"] == true { base64::decode(text)?.into() } else { Bytes::from(text.to_owned()) };
    if !headers.contains_key("content-type") {
        headers.insert("content-type", HeaderValue::from_static("application/json"));
    }
    Some(Outgoing { status, headers, body })
}

/// Status and headers of an answer, or of the prelude of a streamed one.
pub fn head(parsed: &Value, code: &Value) -> Option<(StatusCode, HeaderMap)> {
    let code = code.as_u64().or_else(|| code.as_str()?.parse().ok())?;
    let status = StatusCode::from_u16(u16::try_from(code).ok()?).ok()?;
    let mut headers = HeaderMap::new();
    let mut put = |name: &str, value: &Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(text)) {
            headers.append(name, value);
        }
    };
    for (name, value) in parsed["headers"].as_object().into_iter().flatten() {
        put(name, value);
    }
    for (name, values) in parsed["multiValueHeaders"].as_object().into_iter().flatten() {
        values.as_array().into_iter().flatten().for_each(|value| put(name, value));
    }
    parsed["cookies"].as_array().into_iter().flatten().for_each(|cookie| put("set-cookie", cookie));
    // The lengths and connections of the answer here are another's.
    for own in ["content-length", "transfer-encoding", "connection"] {
        headers.remove(own);
    }
    Some((status, headers))
}

fn body(incoming: &Incoming<'_>) -> (Option<String>, bool) {
    if incoming.body.is_empty() {
        return (None, false);
    }
    match std::str::from_utf8(incoming.body) {
        Ok(text) => (Some(text.to_owned()), false),
        Err(_) => (Some(base64::encode(incoming.body)), true),
    }
}

fn values<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok())
}

/// Repeated headers joined by commas; cookies have a list of their own.
fn joined(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers.iter().filter(|(name, _)| name.as_str() != "cookie") {
        let value = value.to_str().unwrap_or_default();
        all.entry(name.to_string()).and_modify(|known| *known = format!("{known},{value}")).or_insert(value.to_owned());
    }
    all
}

fn query(uri: &Uri) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pair in uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        all.entry(percent::decode(name)).or_default().push(percent::decode(value));
    }
    all
}

/// Ten lower-case letters and digits that stand for a name, always the same.
fn api_id(name: &str) -> String {
    url_id(name)[..10].to_owned()
}

fn url_id(name: &str) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for byte in name.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{hash:016x}{:016x}", hash.rotate_left(31) ^ 0x9e37_79b9_7f4a_7c15)
}

pub(super) mod percent {
    //! `%41` and `+`, as in a query.

    pub fn decode(text: &str) -> String {
        let bytes = text.as_bytes();
        let mut decoded = Vec::with_capacity(bytes.len());
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let escaped = (*byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
            match escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                Some(value) => {
                    decoded.push(value);
                    at += 3;
                }
                None => {
                    decoded.push(if *byte == b'+' { b' ' } else { *byte });
                    at += 1;
                }
            }
        }
        String::from_utf8_lossy(&decoded).into_owned()
    }
}

mod base64 {
    //! Standard alphabet with padding.

    use ::base64::Engine as _;
    use ::base64::engine::general_purpose::STANDARD;

    pub fn encode(bytes: &[u8]) -> String {
        STANDARD.encode(bytes)
    }

    pub fn decode(text: &str) -> Option<Vec<u8>> {
        STANDARD.decode(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(kind: Kind, body: &'static [u8]) -> Value {
        let headers = HeaderMap::from_iter([
            (HeaderName::from_static("cookie"), HeaderValue::from_static("a=1; b=2")),
            (HeaderName::from_static("user-agent"), HeaderValue::from_static("curl/8")),
        ]);
        let incoming = Incoming {
            method: &Method::POST,
            uri: &"/orders/7?colour=blue&colour=dark+red&x=%C3%A9".parse().unwrap(),
            headers: &headers,
            body: &Bytes::from_static(body),
            peer: "127.0.0.1:9".parse().unwrap(),
            request_id: "r",
            route: Some("/orders/{id}").filter(|_| kind != Kind::FunctionUrl),
            parameters: &BTreeMap::from([("id".to_owned(), "7".to_owned())]),
        };
        event(kind, &Function::new("orders", vec![]), &incoming)
    }

    #[test]
    fn a_function_url_is_told_from_an_http_api_by_its_domain() {
        let url = made(Kind::FunctionUrl, b"{}");
        assert!(url["requestContext"]["domainName"].as_str().unwrap().contains(".lambda-url.us-east-1."));
        assert_eq!(url["routeKey"], "$default");
        assert_eq!(url["cookies"], json!(["a=1", "b=2"]));
        assert_eq!(url["queryStringParameters"], json!({ "colour": "blue,dark red", "x": "é" }));
        let api = made(Kind::HttpApi, b"{}");
        assert_eq!(api["routeKey"], "POST /orders/{id}");
        assert_eq!(api["pathParameters"]["id"], "7");
    }

    #[test]
    fn a_rest_api_has_the_older_shape() {
        let event = made(Kind::RestApi, b"\xff\x00");
        assert_eq!(event["resource"], "/orders/{id}");
        assert_eq!(event["multiValueQueryStringParameters"]["colour"], json!(["blue", "dark red"]));
        assert_eq!((event["body"].as_str().unwrap(), &event["isBase64Encoded"]), ("/wA=", &json!(true)));
        assert!(event["requestContext"]["stage"].is_string());
    }

    #[test]
    fn an_answer_becomes_a_response_or_a_bad_gateway() {
        let full = json!({ "statusCode": 201, "headers": { "X-Order": 7 }, "cookies": ["a=1"], "body": "aGk=", "isBase64Encoded": true });
        let full = response(Kind::HttpApi, &full.to_string().into()).unwrap();
        assert_eq!(
            (full.status.as_u16(), &full.body[..], &full.headers["x-order"]),
            (201, &b"hi"[..], &HeaderValue::from_static("7"))
        );
        assert_eq!(full.headers["set-cookie"], "a=1");
        let bare = response(Kind::FunctionUrl, &Bytes::from_static(b"{\"a\":1}")).unwrap();
        assert_eq!((bare.status.as_u16(), &bare.body[..]), (200, &b"{\"a\":1}"[..]));
        assert_eq!(response(Kind::RestApi, &Bytes::from_static(b"{\"a\":1}")), None);
        assert_eq!(response(Kind::HttpApi, &Bytes::from_static(b"{\"statusCode\":9999}")), None);
    }
}
