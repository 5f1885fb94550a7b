//! Spans of requests served.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Poll, ready};

use http::{Request, Response};
use opentelemetry::trace::{SpanBuilder, SpanKind, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue, global};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::body::TracedBody;
use super::{TRACER, headers};
use crate::failure;
use crate::open::Open;

/// Makes a span for each request served. Made by [`serve`](super::serve).
///
/// ```
/// let layer = coldlight::http::serve();
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Serve(());

impl Serve {
    pub(super) fn new() -> Self {
        Self(())
    }
}

impl<S> Layer<S> for Serve {
    type Service = Serving<S>;

    fn layer(&self, inner: S) -> Serving<S> {
        Serving { inner }
    }
}

/// A service whose requests have spans. Made by [`serve`](super::serve).
///
/// ```
/// use tower_layer::Layer;
///
/// let _serving: coldlight::http::Serving<&str> = coldlight::http::serve().layer("any service");
/// ```
#[derive(Clone, Debug)]
pub struct Serving<S> {
    inner: S,
}

impl<S, B, R> Service<Request<B>> for Serving<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<TracedBody<R>>;
    type Error = S::Error;
    type Future = ServingFuture<S::Future>;

    fn poll_ready(&mut self, task: &mut std::task::Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let parent = headers::extract(request.headers());
        let span = global::tracer(TRACER).build_with_context(builder(&request), &parent);
        let context = parent.with_span(span);
        let open = Open(context.clone());
        let _current = context.attach();
        ServingFuture { inner: self.inner.call(request), open: Some(open) }
    }
}

fn builder<B>(request: &Request<B>) -> SpanBuilder {
    let method = headers::method(request.method());
    let route = route(request);
    let mut builder = SpanBuilder::from_name(match &route {
        Some(route) => format!("{method} {route}"),
        None => method.to_owned(),
    });
    builder.span_kind = Some(SpanKind::Server);
    let header = |name| headers::text(request.headers(), name);
    let mut all =
        vec![KeyValue::new("http.request.method", method), KeyValue::new("url.path", request.uri().path().to_owned())];
    let mut put = |name: &'static str, value: Option<String>| all.extend(value.map(|value| KeyValue::new(name, value)));
    put("http.route", route);
    put(
        "url.scheme",
        header("x-forwarded-proto")
            .or_else(|| request.uri().scheme_str().map(str::to_owned))
            .or_else(|| Some("http".to_owned())),
    );
    put("user_agent.original", header("user-agent"));
    put(
        "client.address",
        header("x-forwarded-for").and_then(|all| all.split(',').next().map(|first| first.trim().to_owned())),
    );
    put("network.protocol.version", headers::version(request.version()).map(str::to_owned));
    if let Some(host) = header("host").or_else(|| request.uri().authority().map(ToString::to_string)) {
        all.extend(headers::server(&host));
    }
    builder.attributes = Some(all);
    builder
}

#[cfg(feature = "axum")]
fn route<B>(request: &Request<B>) -> Option<String> {
    request.extensions().get::<axum::extract::MatchedPath>().map(|path| path.as_str().to_owned())
}

#[cfg(not(feature = "axum"))]
fn route<B>(_: &Request<B>) -> Option<String> {
    None
}

pin_project! {
    /// A request under way. Awaited by the server.
    ///
    /// ```
    /// fn is_future<F: Future>(future: coldlight::http::ServingFuture<F>) -> coldlight::http::ServingFuture<F> {
    ///     future
    /// }
    /// ```
    #[derive(Debug)]
    pub struct ServingFuture<F> {
        #[pin]
        inner: F,
        open: Option<Open>,
    }
}

impl<F, R, E> Future for ServingFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<TracedBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, task: &mut std::task::Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let context = this.open.as_ref().map_or_else(Context::current, |open| open.0.clone());
        let _current = context.clone().attach();
        let span = context.span();
        let polled = catch_unwind(AssertUnwindSafe(|| this.inner.poll(task))).unwrap_or_else(|panic| {
            failure::record(&span, "panic", failure::message(&*panic));
            resume_unwind(panic)
        });
        match ready!(polled) {
            Ok(response) => {
                failure::record_status(&span, response.status().as_u16(), 500);
                let open = this.open.take();
                Poll::Ready(Ok(response.map(|body| TracedBody::new(body, open))))
            }
            Err(error) => {
                failure::record(&span, std::any::type_name::<E>(), "the service failed without a response");
                this.open.take();
                Poll::Ready(Err(error))
            }
        }
    }
}
