//! Lambda functions: one span per invocation, sent before the environment freezes.
//!
//! ```no_run
//! use lambda_runtime::{Error, LambdaEvent, service_fn};
//! use serde_json::{Value, json};
//!
//! async fn handler(event: LambdaEvent<Value>) -> Result<Value, Error> {
//!     Ok(json!({"statusCode": 200, "body": event.context.request_id}))
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Error> {
//!     let telemetry = coldlight::init();
//!     coldlight::lambda::run(&telemetry, service_fn(handler)).await
//! }
//! ```
//!
//! **What a span says.** It is named after the function, or as its request (`GET /orders/{id}`). It has OpenTelemetry's attributes of
//! functions: trigger, invocation id, cold start, ARN; those of the request, the message batch or the changed document; and
//! `coldlight.init_ms` on the first one. Its parent comes from the event's own headers or attributes, then from the header of the
//! Runtime API; the records of a batch become links, and a batch has no parent. Errors and panics are recorded, as are an answer's
//! `statusCode` and the number of a batch's `batchItemFailures`.
//!
//! **When spans are sent.** After the response was handed to Lambda, and before the next event is asked for: the caller has its answer by then,
//! and the environment cannot freeze yet. So sending delays nobody, with an extension or without. What a collector does not
//! take is kept for the next invocation. The wait is bounded by two seconds and by the function's own deadline.
//!
//! **Several invocations at once** (Managed Instances) are never frozen: spans go out on a timer there. Build the runtime yourself:
//!
//! ```no_run
//! use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
//!
//! # async fn handler(_: LambdaEvent<serde_json::Value>) -> Result<(), Error> { Ok(()) }
//! # async fn run() -> Result<(), Error> {
//! let telemetry = coldlight::init();
//! let handler = coldlight::lambda::watch(service_fn(handler));
//! Runtime::new(handler).layer(coldlight::lambda::layer(&telemetry)).run().await // or run_concurrent()
//! # }
//! ```

mod answer;
mod init;
mod invocation;
mod parent;
mod watch;

use std::fmt::Debug;
use std::future::Future;

use bytes::Bytes;
use futures_core::Stream;
use lambda_runtime::layers::TracingLayer;
use lambda_runtime::{Diagnostic, Error, IntoFunctionResponse, LambdaEvent, Runtime};
use serde::{Deserialize, Serialize};
use tower_service::Service;

use crate::Telemetry;

pub use invocation::{InvocationFuture, InvocationLayer, InvocationService};
pub use watch::{Answered, Buffered, Watched, WatchedFuture};

/// Serves a function's invocations, each with its span: [`lambda_runtime::run`] with tracing. Returns only when the runtime fails.
///
/// Takes what `lambda_runtime::run` takes, also `lambda_http::Adapter::from(handler)`.
///
/// ```no_run
/// # async fn handler(_: lambda_runtime::LambdaEvent<serde_json::Value>) -> Result<(), lambda_runtime::Error> { Ok(()) }
/// # async fn run() -> Result<(), lambda_runtime::Error> {
/// let telemetry = coldlight::init();
/// coldlight::lambda::run(&telemetry, lambda_runtime::service_fn(handler)).await
/// # }
/// ```
pub async fn run<A, F, R, B, S, D, E>(telemetry: &Telemetry, handler: F) -> Result<(), Error>
where
    F: Service<LambdaEvent<A>, Response = R>,
    F::Future: Future<Output = Result<R, F::Error>>,
    F::Error: Into<Diagnostic> + Debug,
    A: for<'de> Deserialize<'de>,
    R: IntoFunctionResponse<B, S>,
    B: Serialize,
    S: Stream<Item = Result<D, E>> + Unpin + Send + 'static,
    D: Into<Bytes> + Send,
    E: Into<Error> + Send + Debug,
{
    let layer = layer(telemetry).watched();
    Runtime::new(watch(handler)).layer(layer).layer(TracingLayer::new()).run().await
}

/// Makes the span of each invocation, and sends what has ended before the next one: a layer for [`Runtime::layer`].
/// With [`watch`] around the handler, errors and the answer's status are recorded too.
///
/// ```no_run
/// # async fn handler(_: lambda_runtime::LambdaEvent<serde_json::Value>) -> Result<(), lambda_runtime::Error> { Ok(()) }
/// let telemetry = coldlight::init();
/// let handler = coldlight::lambda::watch(lambda_runtime::service_fn(handler));
/// let runtime = lambda_runtime::Runtime::new(handler).layer(coldlight::lambda::layer(&telemetry));
/// ```
pub fn layer(telemetry: &Telemetry) -> InvocationLayer {
    InvocationLayer::new(telemetry)
}

/// Records a handler's errors, panics and answers on the span that [`layer`] made.
///
/// ```
/// # async fn handler(_: lambda_runtime::LambdaEvent<serde_json::Value>) -> Result<(), lambda_runtime::Error> { Ok(()) }
/// let handler = coldlight::lambda::watch(lambda_runtime::service_fn(handler));
/// ```
pub fn watch<F>(handler: F) -> Watched<F> {
    Watched::new(handler)
}
