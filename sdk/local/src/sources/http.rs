//! One listener for whatever comes over HTTP: routes of APIs, a function's URL, Lambda's Invoke API, and messages for queues, topics and
//! buses.
//!
//! `POST /2015-03-31/functions/NAME/invocations` is the Invoke API as AWS's SDKs call it, and what they send to SQS, SNS and EventBridge
//! reaches a queue, a topic or a bus here, so that one function can call another, or send to it, by setting `AWS_ENDPOINT_URL`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body as HttpBody, to_bytes};
use axum::extract::{ConnectInfo, Request as HttpRequest, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::bus::{self, Bus};
use super::gateway::{self, Incoming, Kind};
use super::queue::Queue;
use super::topic::{self, Topic};
use super::{asynchronous, sqs};
use crate::answer::{Body, Request};
use crate::error::LocalError;
use crate::fleet::Fleet;
use crate::id;

/// Lambda takes 6 MB, synchronously.
const LARGEST: usize = 6 << 20;
/// A prelude of a streamed response is followed by so many zeros.
const ZEROS: [u8; 8] = [0; 8];
const PRELUDE: &str = "application/vnd.awslambda.http-integration-response";

/// A path, and the function that answers it.
#[derive(Clone)]
pub struct Route {
    pub kind: Kind,
    /// `None`: any.
    pub method: Option<Method>,
    /// `/orders/{id}`, `/{proxy+}`; a function URL answers every path.
    pub path: String,
    pub fleet: Fleet,
}

/// All that is served.
#[derive(Default)]
pub struct Site {
    /// The first that matches answers: the more specific come first.
    pub routes: Vec<Route>,
    /// By name, for the Invoke API.
    pub functions: BTreeMap<String, Fleet>,
    pub queues: BTreeMap<String, Queue>,
    pub topics: BTreeMap<String, Topic>,
    pub buses: BTreeMap<String, Bus>,
}

/// Serves until it is dropped.
pub async fn serve(listener: TcpListener, site: Site) -> Result<(), LocalError> {
    let app = Router::new().fallback(any).with_state(Arc::new(site));
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).await.map_err(|why| LocalError::System(format!("cannot serve HTTP: {why}")))
}

async fn any(
    State(site): State<Arc<Site>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: HttpRequest,
) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST).await else {
        return told(StatusCode::PAYLOAD_TOO_LARGE, "Request Too Large");
    };
    let invoked =
        head.uri.path().strip_prefix("/2015-03-31/functions/").and_then(|rest| rest.strip_suffix("/invocations"));
    if let (&Method::POST, Some(name)) = (&head.method, invoked) {
        return invoke(&site, name, &head.headers, body).await;
    }
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let trace = header("x-amzn-trace-id");
    match header("x-amz-target") {
        Some(action) if action.starts_with("AWSEvents.") => return bus::answer(&site.buses, action, &body, trace),
        Some(action) => return sqs::answer(&site.queues, action, &body, trace),
        None if !site.topics.is_empty() && topic::is_publishing(&body) => {
            return topic::answer(&site.topics, &body, trace);
        }
        None => {}
    }
    let found = site.routes.iter().find_map(|route| Some((route, route.matches(&head.method, head.uri.path())?)));
    let Some((route, parameters)) = found else { return told(StatusCode::NOT_FOUND, "Not Found") };
    let Ok(request_id) = id::uuid() else { return told(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error") };
    let incoming = Incoming {
        method: &head.method,
        uri: &head.uri,
        headers: &head.headers,
        body: &body,
        peer,
        request_id: &request_id,
        route: (route.kind != Kind::FunctionUrl).then_some(route.path.as_str()),
        parameters: &parameters,
    };
    let event = gateway::event(route.kind, route.fleet.function(), &incoming);
    let request = Request { trace: trace.map(str::to_owned), ..Request::new(event.to_string()) };
    match route.fleet.invoke(request).await {
        Ok(answer) => match answer.body {
            Body::Whole(bytes) => gateway::response(route.kind, &bytes).map_or_else(bad_gateway, |outgoing| {
                (outgoing.status, outgoing.headers, outgoing.body).into_response()
            }),
            Body::Stream(pieces) => streamed(answer.content_type.as_deref(), pieces).await,
            Body::Error(_) => bad_gateway(),
        },
        Err(LocalError::Throttled { .. }) => told(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests"),
        Err(_) => told(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
    }
}

fn bad_gateway() -> Response {
    told(StatusCode::BAD_GATEWAY, "Internal Server Error")
}

fn told(status: StatusCode, message: &str) -> Response {
    (status, axum::Json(json!({ "message": message }))).into_response()
}

type Pieces = tokio::sync::mpsc::Receiver<Result<Bytes, crate::answer::FunctionError>>;

/// Status and headers come first, as JSON and eight zeros, when the function says so by its content type.
async fn streamed(content_type: Option<&str>, mut pieces: Pieces) -> Response {
    let mut answer = Response::builder().status(StatusCode::OK);
    let mut first = Vec::new();
    if content_type == Some(PRELUDE) {
        let end = loop {
            if let Some(end) = first.windows(ZEROS.len()).position(|window| window == ZEROS) {
                break end;
            }
            match pieces.recv().await {
                Some(Ok(piece)) if first.len() < LARGEST => first.extend_from_slice(&piece),
                _ => return bad_gateway(),
            }
        };
        let prelude: Value = serde_json::from_slice(&first[..end]).unwrap_or_default();
        let code = prelude.get("statusCode").cloned().unwrap_or(json!(200));
        let Some((status, headers)) = gateway::head(&prelude, &code) else { return bad_gateway() };
        answer = answer.status(status);
        if let Some(all) = answer.headers_mut() {
            all.extend(headers);
        }
        first.drain(..end + ZEROS.len());
    } else if let Some(kind) = content_type {
        answer = answer.header("content-type", kind);
    }
    let rest = stream::unfold(pieces, |mut pieces| async {
        let piece = pieces.recv().await?;
        Some((piece.map_err(|error| std::io::Error::other(error.kind)), pieces))
    });
    let whole = futures_util::StreamExt::chain(stream::iter([Ok(Bytes::from(first))]), rest);
    answer.body(HttpBody::from_stream(whole)).unwrap_or_else(|_| bad_gateway())
}

/// The Invoke API: synchronous, or `X-Amz-Invocation-Type: Event`.
async fn invoke(site: &Site, name: &str, headers: &HeaderMap, payload: Bytes) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let refused = |status: StatusCode, kind: &str, message: String| {
        let body = axum::Json(json!({ "Type": "User", "message": message }));
        (status, [("x-amzn-errortype", kind.to_owned())], body).into_response()
    };
    // A name, an ARN, either with a qualifier.
    let bare = name.rsplit_once("function:").or_else(|| name.rsplit_once("function%3A")).map_or(name, |(_, rest)| rest);
    let bare = bare.split([':', '%']).next().unwrap_or(bare);
    let Some(fleet) = site.functions.get(bare) else {
        let known: Vec<&str> = site.functions.keys().map(String::as_str).collect();
        let message = format!("Function not found: {bare}; here are {}", known.join(", "));
        return refused(StatusCode::NOT_FOUND, "ResourceNotFoundException", message);
    };
    let request = Request {
        trace: header("x-amzn-trace-id"),
        client_context: header("x-amz-client-context"),
        ..Request::new(if payload.is_empty() { Bytes::from_static(b"{}") } else { payload })
    };
    if header("x-amz-invocation-type").is_some_and(|kind| kind == "Event") {
        let fleet = fleet.clone();
        // Its outcome is in the log; nobody waits for it.
        tokio::spawn(async move { asynchronous::invoke(&fleet, request, &asynchronous::PAUSES).await.map(|_| ()) });
        return StatusCode::ACCEPTED.into_response();
    }
    match fleet.invoke(request).await {
        Ok(answer) => match answer.body.whole().await {
            Ok(body) => ([("x-amz-executed-version", "$LATEST")], body).into_response(),
            Err(error) => ([("x-amz-function-error", "Unhandled")], error.payload).into_response(),
        },
        Err(why @ LocalError::Throttled { .. }) => {
            refused(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", why.to_string())
        }
        Err(why) => refused(StatusCode::INTERNAL_SERVER_ERROR, "ServiceException", why.to_string()),
    }
}

impl Route {
    /// The path's parameters, when this route answers.
    fn matches(&self, method: &Method, path: &str) -> Option<BTreeMap<String, String>> {
        if self.kind == Kind::FunctionUrl {
            return Some(BTreeMap::new());
        }
        if self.method.as_ref().is_some_and(|wanted| wanted != method) {
            return None;
        }
        let mut parameters = BTreeMap::new();
        let mut given = path.trim_matches('/').split('/');
        for wanted in self.path.trim_matches('/').split('/') {
            let inner = wanted.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            match inner.map(|name| name.strip_suffix('+').ok_or(name)) {
                Some(Ok(greedy)) => {
                    let rest: Vec<&str> = given.by_ref().collect();
                    parameters.insert(greedy.to_owned(), rest.join("/"));
                    return (!rest.is_empty()).then_some(parameters);
                }
                Some(Err(name)) => {
                    let value = given.next().filter(|value| !value.is_empty())?;
                    parameters.insert(name.to_owned(), value.to_owned());
                }
                None => {
                    given.next().filter(|value| *value == wanted)?;
                }
            }
        }
        given.next().is_none().then_some(parameters)
    }

    /// Fewer and later parameters come first.
    pub fn rank(&self) -> (bool, usize, usize) {
        let pieces = self.path.split('/').count();
        (self.path.contains("+}"), self.path.matches('{').count(), usize::MAX - pieces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::Function;

    #[tokio::test]
    async fn routes_match_as_api_gateway_matches() {
        let (lines, _read) = crate::line::channel();
        let fleet = Fleet::new(Function::new("f", vec!["true".to_owned()]), lines).await.unwrap();
        let matches = |route: &str, path: &str| {
            let route =
                Route { kind: Kind::HttpApi, method: Some(Method::GET), path: route.to_owned(), fleet: fleet.clone() };
            route.matches(&Method::GET, path)
        };
        assert_eq!(matches("/orders/{id}", "/orders/7").unwrap()["id"], "7");
        assert_eq!(matches("/{proxy+}", "/a/b/c").unwrap()["proxy"], "a/b/c");
        assert!(matches("/orders", "/orders/").is_none() || matches("/orders", "/orders").is_some());
        for (route, path) in
            [("/orders/{id}", "/orders"), ("/orders", "/orders/7"), ("/orders/{id}", "/orders/7/items")]
        {
            assert_eq!(matches(route, path), None, "{route} {path}");
        }
    }
}
