//! Looking on while a handler works: what it answers, how it fails.

use std::any::Any;
use std::fmt::Debug;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, ready};

use lambda_runtime::{Diagnostic, FunctionResponse, IntoFunctionResponse, LambdaEvent};
use opentelemetry::trace::{SpanRef, TraceContextExt};
use opentelemetry::{Context, KeyValue};
use pin_project_lite::pin_project;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tower_service::Service;

use super::answer::Answer;
use crate::failure;

/// What the layer tells the watcher, in the context.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    /// Whether the caller waits for an HTTP response.
    pub(super) http: bool,
    pub(super) batch: bool,
    /// Set once the handler was called: an event that does not fit its type never reaches it.
    pub(super) called: Arc<AtomicBool>,
}

/// A handler whose errors, panics and answers are recorded. Made by [`watch`](super::watch).
///
/// ```
/// # async fn handler(_: lambda_runtime::LambdaEvent<serde_json::Value>) -> Result<(), lambda_runtime::Error> { Ok(()) }
/// let handler = coldlight::lambda::watch(lambda_runtime::service_fn(handler));
/// ```
#[derive(Clone, Debug)]
pub struct Watched<F> {
    handler: F,
}

impl<F> Watched<F> {
    pub(super) fn new(handler: F) -> Self {
        Self { handler }
    }
}

impl<A, F> Service<LambdaEvent<A>> for Watched<F>
where
    F: Service<LambdaEvent<A>>,
    F::Error: Into<Diagnostic> + Debug,
{
    type Response = Answered<F::Response>;
    type Error = Diagnostic;
    type Future = WatchedFuture<F::Future>;

    fn poll_ready(&mut self, task: &mut std::task::Context<'_>) -> Poll<Result<(), Diagnostic>> {
        self.handler.poll_ready(task).map_err(Into::into)
    }

    fn call(&mut self, event: LambdaEvent<A>) -> Self::Future {
        if let Some(watch) = Context::current().get::<Watch>() {
            watch.called.store(true, Ordering::Relaxed);
        }
        let inner = catch_unwind(AssertUnwindSafe(|| self.handler.call(event)));
        WatchedFuture { inner: inner.unwrap_or_else(|panic| panicked(panic)) }
    }
}

pin_project! {
    /// What a [`Watched`] handler returns.
    ///
    /// ```
    /// use lambda_runtime::{LambdaEvent, Service};
    ///
    /// # async fn handler(_: LambdaEvent<u8>) -> Result<(), lambda_runtime::Error> { Ok(()) }
    /// let mut handler = coldlight::lambda::watch(lambda_runtime::service_fn(handler));
    /// let _future = handler.call(LambdaEvent::new(1, Default::default()));
    /// ```
    #[derive(Debug)]
    pub struct WatchedFuture<F> {
        #[pin]
        inner: F,
    }
}

impl<F, R, E> Future for WatchedFuture<F>
where
    F: Future<Output = Result<R, E>>,
    E: Into<Diagnostic> + Debug,
{
    type Output = Result<Answered<R>, Diagnostic>;

    fn poll(self: Pin<&mut Self>, task: &mut std::task::Context<'_>) -> Poll<Self::Output> {
        let inner = self.project().inner;
        let polled = catch_unwind(AssertUnwindSafe(|| inner.poll(task))).unwrap_or_else(|panic| panicked(panic));
        Poll::Ready(match ready!(polled) {
            Ok(response) => Ok(Answered(response)),
            Err(error) => {
                let diagnostic: Diagnostic = error.into();
                let kind = diagnostic.error_type.as_str();
                failure::record(&Context::current().span(), kind, &diagnostic.error_message);
                Err(diagnostic)
            }
        })
    }
}

/// Records a panic on the span and lets it go on: the runtime makes the function's error of it.
fn panicked(panic: Box<dyn Any + Send>) -> ! {
    failure::record(&Context::current().span(), "panic", failure::message(&*panic));
    resume_unwind(panic)
}

/// A response on its way through us; the runtime takes it apart.
///
/// ```
/// use lambda_runtime::{FunctionResponse, LambdaEvent, Service, IntoFunctionResponse};
///
/// # async fn handler(_: LambdaEvent<u8>) -> Result<&'static str, lambda_runtime::Error> { Ok("yes") }
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let mut handler = coldlight::lambda::watch(lambda_runtime::service_fn(handler));
/// let answered = handler.call(LambdaEvent::new(1, Default::default())).await.unwrap();
/// let FunctionResponse::BufferedResponse(json) = answered.into_response() else { panic!() };
/// assert_eq!(json.json().unwrap().get(), "\"yes\"");
/// # }
/// ```
#[derive(Debug)]
pub struct Answered<R>(R);

impl<R, B, S> IntoFunctionResponse<Buffered<B>, S> for Answered<R>
where
    R: IntoFunctionResponse<B, S>,
    B: Serialize,
{
    fn into_response(self) -> FunctionResponse<Buffered<B>, S> {
        let context = Context::current();
        match self.0.into_response() {
            FunctionResponse::BufferedResponse(response) => {
                let json = to_raw_value(&response);
                if let (Ok(json), Some(watch)) = (&json, context.get::<Watch>()) {
                    record(&context.span(), watch, &Answer::of(json));
                }
                FunctionResponse::BufferedResponse(Buffered { json, response: PhantomData })
            }
            FunctionResponse::StreamingResponse(response) => {
                if let Some(watch) = context.get::<Watch>() {
                    let status = Some(response.metadata_prelude.status_code.as_u16());
                    record(&context.span(), watch, &Answer { status, failures: None });
                }
                FunctionResponse::StreamingResponse(response)
            }
        }
    }
}

fn record(span: &SpanRef<'_>, watch: &Watch, answer: &Answer) {
    if let Some(status) = answer.status.filter(|_| watch.http) {
        failure::record_status(span, status, 500);
    }
    if let Some(failures) = answer.failures.filter(|_| watch.batch) {
        span.set_attribute(KeyValue::new("coldlight.trigger.failures", i64::try_from(failures).unwrap_or(i64::MAX)));
    }
}

/// A response written once, by us, so that it could be looked at.
///
/// ```
/// // See `Answered`: a response is written before the runtime asks for it, and an error of writing is the runtime's to tell.
/// fn text<B>(buffered: &coldlight::lambda::Buffered<B>) -> &str {
///     buffered.json().map_or("", |json| json.get())
/// }
/// ```
#[derive(Debug)]
pub struct Buffered<B> {
    json: Result<Box<RawValue>, serde_json::Error>,
    response: PhantomData<fn() -> B>,
}

impl<B> Buffered<B> {
    /// The written response, unless it could not be written.
    ///
    /// ```
    /// fn length<B>(buffered: &coldlight::lambda::Buffered<B>) -> usize {
    ///     buffered.json().map_or(0, |json| json.get().len())
    /// }
    /// ```
    pub fn json(&self) -> Option<&RawValue> {
        self.json.as_deref().ok()
    }
}

impl<B> Serialize for Buffered<B> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.json {
            Ok(json) => json.serialize(serializer),
            Err(why) => Err(serde::ser::Error::custom(why)),
        }
    }
}
