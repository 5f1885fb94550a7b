//! Requests served and made: one trace over both sides, names that stay few, errors that are told.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use bytes::Bytes;
use coldlight::http::Traced;
use futures_util::FutureExt as _;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use tower::{Layer, ServiceExt};

use crate::receiver::{attribute, check, hex};
use crate::traced::traced;

const ERROR: i32 = 2;

#[tracing::instrument]
async fn price_of(order: u64) -> String {
    format!("{order} euros")
}

async fn serve(app: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_goes_from_the_client_through_the_route_into_the_code() {
    let traced = traced();
    let app = Router::new()
        .route("/prices/{id}", get(async |axum::extract::Path(id): axum::extract::Path<u64>| price_of(id).await))
        .layer(coldlight::http::serve());
    let address = serve(app).await;
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let client = coldlight::http::ask().layer(client);
    let request = Request::get(format!("http://{address}/prices/42?card=4111"))
        .header("user-agent", "tests")
        .body(Empty::new())
        .unwrap();
    let response = client.oneshot(request).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "42 euros");

    let served = traced.span("GET /prices/{id}");
    let inside = traced.span("price_of");
    let asked =
        traced.ended("GET").into_iter().find(|span| span.span_id == served.parent_span_id).expect("the client's span");
    assert_eq!((served.kind(), asked.kind()), (SpanKind::Server, SpanKind::Client));
    assert_eq!((&inside.trace_id, &inside.parent_span_id), (&served.trace_id, &served.span_id));
    assert_eq!(asked.trace_id, served.trace_id);
    check(
        &served,
        &[
            ("http.request.method", "GET"),
            ("http.route", "/prices/{id}"),
            ("url.path", "/prices/42"),
            ("url.scheme", "http"),
            ("server.address", "127.0.0.1"),
            ("server.port", &address.port().to_string()),
            ("user_agent.original", "tests"),
            ("http.response.status_code", "200"),
            ("network.protocol.version", "1.1"),
        ],
    );
    check(&asked, &[("url.full", &format!("http://{address}/prices/42")), ("http.response.status_code", "200")]);
    assert_eq!(served.status.unwrap_or_default().code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_s_baggage_says_on_whose_behalf_it_asks_and_nothing_else() {
    let traced = traced();
    let app = Router::new().route("/carts/{id}", get(async || price_in_cart().await)).layer(coldlight::http::serve());
    let address = serve(app).await;
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let long = "x".repeat(300);
    let request = Request::get(format!("http://{address}/carts/7"))
        .header("baggage", format!("customer.id=acme%20co,secret=hunter2,tenant.id={long}"))
        .body(Empty::new())
        .unwrap();
    client.request(request).await.unwrap();
    let served = traced.span("GET /carts/{id}");
    check(&served, &[("customer.id", "acme co")]);
    assert_eq!([attribute(&served.attributes, "secret"), attribute(&served.attributes, "tenant.id")], [None, None]);
    assert_eq!(attribute(&traced.span("price_in_cart").attributes, "customer.id"), None, "its trace says it");
}

#[tracing::instrument]
async fn price_in_cart() -> String {
    "7 euros".to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_reqwest_go_along_and_their_errors_keep_addresses_to_themselves() {
    let traced = traced();
    let app = Router::new().route("/missing/{id}", get(async || StatusCode::NOT_FOUND)).layer(coldlight::http::serve());
    let address = serve(app).await;
    let client = reqwest::Client::new();
    let status = client.get(format!("http://{address}/missing/1")).send_traced().await.unwrap().status();
    assert_eq!(status, 404);
    let served = traced.span("GET /missing/{id}");
    let asked =
        traced.ended("GET").into_iter().find(|span| span.span_id == served.parent_span_id).expect("the client's span");
    // Not found is the asker's error, and no fault of who served it.
    assert_eq!((served.status.unwrap_or_default().code, asked.status.unwrap().code), (0, ERROR));

    client.delete("http://127.0.0.1:1/gone?card=4111").send_traced().await.unwrap_err();
    let refused = traced.span("DELETE");
    check(&refused, &[("error.type", "connect"), ("url.full", "http://127.0.0.1:1/gone")]);
    assert!(!format!("{refused:?}").contains("4111"));
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_and_panics_are_recorded_on_the_span_of_their_request() {
    let traced = traced();
    let app = Router::new()
        .route("/broken/fault", get(async || (StatusCode::BAD_GATEWAY, "upstream")))
        .route("/broken/panic", get(async || -> String { panic!("out of paper") }))
        .layer(coldlight::http::serve());
    let request = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    app.clone().oneshot(request("/broken/fault")).await.unwrap();
    let panicked = AssertUnwindSafe(app.oneshot(request("/broken/panic"))).catch_unwind().await;
    assert!(panicked.is_err(), "the panic goes on");
    let fault = traced.span("GET /broken/fault");
    check(&fault, &[("error.type", "502")]);
    assert_eq!(fault.status.unwrap().code, ERROR);
    let panic = traced.span("GET /broken/panic");
    check(&panic, &[("error.type", "panic")]);
    assert_eq!(attribute(&panic.events[0].attributes, "exception.message").as_deref(), Some("out of paper"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_span_lasts_as_long_as_its_response() {
    let traced = traced();
    let stream = || futures_util::stream::iter(["a", "b"].map(Ok::<_, std::io::Error>));
    let app =
        Router::new().route("/stream", get(async move || Body::from_stream(stream()))).layer(coldlight::http::serve());
    let response = app.oneshot(Request::get("/stream").body(Body::empty()).unwrap()).await.unwrap();
    assert!(traced.ended("GET /stream").is_empty(), "the body is not read yet");
    response.into_body().collect().await.unwrap();
    traced.span("GET /stream");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_of_xray_is_taken_up() {
    let traced = traced();
    let app = Router::new().route("/xray", get(async || "")).layer(coldlight::http::serve());
    let header = "Root=1-65e1a2b0-0123456789abcdef01234567;Parent=d68f0a1b2c3d4e5f;Sampled=1";
    let request = Request::get("/xray").header("X-Amzn-Trace-Id", header).body(Body::empty()).unwrap();
    app.oneshot(request).await.unwrap().into_body().collect().await.unwrap();
    let span = traced.span("GET /xray");
    assert_eq!(hex(&span.trace_id), "65e1a2b00123456789abcdef01234567");
    assert_eq!(hex(&span.parent_span_id), "d68f0a1b2c3d4e5f");
}
