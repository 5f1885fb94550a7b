//! Spans of requests made.

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::task::{Poll, ready};

use http::{Request, Response, Uri};
use opentelemetry::trace::{SpanBuilder, SpanKind, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue, global};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::{TRACER, headers, peer};
use crate::failure;
use crate::open::Open;

/// Makes a span for each request made. Made by [`ask`](super::ask).
///
/// ```
/// let layer = coldlight::http::ask();
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Ask(());

impl Ask {
    pub(super) fn new() -> Self {
        Self(())
    }
}

impl<S> Layer<S> for Ask {
    type Service = Asking<S>;

    fn layer(&self, inner: S) -> Asking<S> {
        Asking { inner }
    }
}

/// A client whose requests have spans. Made by [`ask`](super::ask).
///
/// ```
/// use tower_layer::Layer;
///
/// let _asking: coldlight::http::Asking<&str> = coldlight::http::ask().layer("any client");
/// ```
#[derive(Clone, Debug)]
pub struct Asking<S> {
    inner: S,
}

impl<S, B, R> Service<Request<B>> for Asking<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Display,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = AskingFuture<S::Future>;

    fn poll_ready(&mut self, task: &mut std::task::Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let context = started(headers::method(request.method()), request.uri());
        headers::inject(&context, request.headers_mut());
        let open = Open(context.clone());
        let _current = context.attach();
        AskingFuture { inner: self.inner.call(request), open }
    }
}

/// A context with a new CLIENT span for a request.
pub(super) fn started(method: &'static str, uri: &Uri) -> Context {
    let mut builder = SpanBuilder::from_name(method);
    builder.span_kind = Some(SpanKind::Client);
    let mut all = vec![KeyValue::new("http.request.method", method), KeyValue::new("url.full", without_secrets(uri))];
    if let Some(authority) = uri.authority() {
        all.extend(headers::server(authority.as_str()));
        all.extend(peer::service(authority.as_str()).map(|name| KeyValue::new("service.peer.name", name)));
    }
    builder.attributes = Some(all);
    let parent = Context::current();
    parent.with_span(global::tracer(TRACER).build_with_context(builder, &parent))
}

/// Without user, password and query.
fn without_secrets(uri: &Uri) -> String {
    match (uri.scheme_str(), uri.authority()) {
        (Some(scheme), Some(authority)) => {
            let host = authority.as_str().rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}{}", uri.path())
        }
        _ => uri.path().to_owned(),
    }
}

/// What came of it: 400 and above is the asker's error.
pub(super) fn answered<R>(context: &Context, response: Result<&Response<R>, (&str, String)>) {
    let span = context.span();
    match response {
        Ok(response) => {
            if let Some(version) = headers::version(response.version()) {
                span.set_attribute(KeyValue::new("network.protocol.version", version));
            }
            failure::record_status(&span, response.status().as_u16(), 400);
        }
        Err((kind, message)) => failure::record(&span, kind, &message),
    }
}

pin_project! {
    /// A request under way; its span ends with the response's head.
    ///
    /// ```
    /// fn is_future<F: Future>(future: coldlight::http::AskingFuture<F>) -> coldlight::http::AskingFuture<F> {
    ///     future
    /// }
    /// ```
    #[derive(Debug)]
    pub struct AskingFuture<F> {
        #[pin]
        inner: F,
        open: Open,
    }
}

impl<F, R, E> Future for AskingFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Display,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut std::task::Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let _current = this.open.0.clone().attach();
        let result = ready!(this.inner.poll(task));
        let told = result.as_ref().map_err(|error| (std::any::type_name::<E>(), error.to_string()));
        answered(&this.open.0, told);
        this.open.0.span().end();
        Poll::Ready(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_without_its_secrets() {
        let uri = "https://me:secret@api.example.com:8443/pay?card=4111".parse().unwrap();
        assert_eq!(without_secrets(&uri), "https://api.example.com:8443/pay");
    }
}
