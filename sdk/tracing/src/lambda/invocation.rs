//! The span of an invocation, from the event's arrival until its response was handed over, and the flush behind it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, ready};
use std::time::{Duration, Instant};

use coldlight_triggers::{Explanation, Trigger, Way, attributes, explain, parse, span_name};
use lambda_runtime::{Error, LambdaInvocation};
use opentelemetry::context::{FutureExt, WithContext};
use opentelemetry::trace::{Link, SpanBuilder, SpanKind, TraceContextExt, Tracer};
use opentelemetry::{Array, Context, KeyValue, StringValue, Value};
use opentelemetry_sdk::trace::SdkTracer;
use pin_project_lite::pin_project;
use tokio::sync::oneshot;
use tokio::time::{Timeout, timeout};
use tower_layer::Layer;
use tower_service::Service;

use super::watch::Watch;
use super::{init, parent};
use crate::courier::Courier;
use crate::propagation::span_context;
use crate::{Telemetry, clock, failure, ids};

/// The longest that a function waits, and pays, for a collector after an invocation.
const LONGEST_FLUSH: Duration = Duration::from_secs(2);

/// Left for the runtime to ask for the next event before the function's deadline.
const MARGIN: Duration = Duration::from_millis(100);

/// Makes the span of each invocation. Made by [`layer`](super::layer).
///
/// ```
/// let telemetry = coldlight::start();
/// let layer = coldlight::lambda::layer(&telemetry);
/// ```
#[derive(Clone, Debug)]
pub struct InvocationLayer {
    shared: Arc<Shared>,
    watched: bool,
}

#[derive(Debug)]
struct Shared {
    /// None when tracing is switched off: contexts pass through then.
    tracer: Option<SdkTracer>,
    courier: Option<Courier>,
    /// Nothing was invoked yet.
    first: AtomicBool,
    /// From the start of the process to the making of this layer.
    init: Option<Duration>,
    kind: Kind,
}

/// How the environment came to be, as `AWS_LAMBDA_INITIALIZATION_TYPE` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    OnDemand,
    /// Started before anybody asked: its first invocation is not cold.
    Provisioned,
    /// Started when it was published, and copied since.
    Snapshot,
}

impl InvocationLayer {
    pub(super) fn new(telemetry: &Telemetry) -> Self {
        let kind = match std::env::var("AWS_LAMBDA_INITIALIZATION_TYPE").as_deref() {
            Ok("provisioned-concurrency" | "lambda-managed-instances") => Kind::Provisioned,
            Ok("snap-start") => Kind::Snapshot,
            _ => Kind::OnDemand,
        };
        let (tracer, courier) = (telemetry.is_on().then(|| telemetry.tracer()), telemetry.frozen_courier());
        let init = if kind == Kind::Snapshot { None } else { init::since_start() };
        let shared = Shared { tracer, courier, first: AtomicBool::new(true), init, kind };
        Self { shared: Arc::new(shared), watched: false }
    }

    /// The handler below is a [`Watched`](super::Watched) one: when it was not called, its event did not fit.
    pub(super) fn watched(self) -> Self {
        Self { watched: true, ..self }
    }
}

impl<S> Layer<S> for InvocationLayer {
    type Service = InvocationService<S>;

    fn layer(&self, inner: S) -> InvocationService<S> {
        InvocationService { inner, layer: self.clone() }
    }
}

/// A runtime's service with spans. Made by [`layer`](super::layer).
///
/// ```
/// use tower_layer::Layer;
///
/// let telemetry = coldlight::start();
/// let _service = coldlight::lambda::layer(&telemetry).layer("any service");
/// ```
#[derive(Clone, Debug)]
pub struct InvocationService<S> {
    inner: S,
    layer: InvocationLayer,
}

impl<S> Service<LambdaInvocation> for InvocationService<S>
where
    S: Service<LambdaInvocation, Response = (), Error = Error>,
{
    type Response = ();
    type Error = Error;
    type Future = InvocationFuture<S::Future>;

    fn poll_ready(&mut self, task: &mut std::task::Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, invocation: LambdaInvocation) -> Self::Future {
        let shared = &self.layer.shared;
        let first = shared.first.swap(false, Ordering::Relaxed);
        if first && shared.kind == Kind::Snapshot {
            ids::renew();
        }
        let event = parse(&invocation.body);
        let explained = explain(&event);
        let mut builder =
            SpanBuilder::from_name(span_name(&event, &explained).unwrap_or_else(|| function(&invocation)));
        builder.span_kind = Some(SpanKind::Server);
        let mut all: Vec<KeyValue> = attributes(&event, &explained).into_iter().filter_map(key_value).collect();
        all.extend(of_function(&invocation));
        let cold = first && shared.kind != Kind::Provisioned;
        all.push(KeyValue::new("faas.coldstart", cold));
        if let Some(init) = shared.init.filter(|_| first) {
            all.push(KeyValue::new("coldlight.init_ms", init.as_millis() as i64));
        }
        builder.attributes = Some(all);
        builder.links = Some(explained.links.iter().map(|link| Link::with_context(span_context(link))).collect());
        let parent = parent::context(&explained, &invocation.context);
        let context = match &shared.tracer {
            Some(tracer) => parent.with_span(tracer.build_with_context(builder, &parent)),
            None => parent,
        };
        let context = context.with_value(watch(&explained));
        let deadline = invocation.context.deadline;
        let inner = {
            let _current = context.clone().attach();
            self.inner.call(invocation)
        };
        let inner = Some(inner.with_context(context.clone()));
        let (courier, watched) = (shared.courier.clone(), self.layer.watched);
        InvocationFuture { inner, context: Some(context), watched, courier, deadline, flush: None, result: None }
    }
}

fn watch(explained: &Explanation) -> Watch {
    let (http, batch) = (explained.faas_trigger == Trigger::Http, explained.way == Some(Way::Poll));
    Watch { http, batch, called: Arc::default() }
}

fn function(invocation: &LambdaInvocation) -> String {
    invocation.context.env_config.function_name.clone()
}

/// What the runtime tells about the function and this invocation of it.
fn of_function(invocation: &LambdaInvocation) -> Vec<KeyValue> {
    let context = &invocation.context;
    let mut all = vec![KeyValue::new("faas.invocation_id", context.request_id.clone())];
    // `arn:aws:lambda:REGION:ACCOUNT:function:NAME[:ALIAS OR VERSION]`
    let parts: Vec<&str> = context.invoked_function_arn.split(':').collect();
    if parts.len() >= 7 {
        let version = &context.env_config.version;
        let numbered = version.bytes().all(|byte| byte.is_ascii_digit()) && !version.is_empty();
        let base = parts[..7].join(":");
        all.push(KeyValue::new("cloud.resource_id", if numbered { format!("{base}:{version}") } else { base }));
        all.push(KeyValue::new("cloud.account.id", parts[4].to_owned()));
        all.push(KeyValue::new("aws.lambda.invoked_arn", context.invoked_function_arn.clone()));
    }
    all.extend(context.tenant_id.clone().map(|tenant| KeyValue::new("aws.lambda.tenant_id", tenant)));
    all
}

fn key_value((name, value): (&'static str, serde_json::Value)) -> Option<KeyValue> {
    let value: Value = match value {
        serde_json::Value::String(text) => text.into(),
        serde_json::Value::Bool(yes) => yes.into(),
        serde_json::Value::Number(number) => {
            number.as_i64().map(Value::I64).or_else(|| number.as_f64().map(Value::F64))?
        }
        serde_json::Value::Array(items) => {
            let texts = items.iter().filter_map(|item| item.as_str());
            Value::Array(Array::String(texts.map(|text| StringValue::from(text.to_owned())).collect()))
        }
        serde_json::Value::Null | serde_json::Value::Object(_) => return None,
    };
    Some(KeyValue::new(name, value))
}

pin_project! {
    /// An invocation under way: the handler, then the response on its way to Lambda, then the flush.
    ///
    /// ```no_run
    /// # async fn handler(_: lambda_runtime::LambdaEvent<serde_json::Value>) -> Result<(), lambda_runtime::Error> { Ok(()) }
    /// // Awaited by the runtime:
    /// let telemetry = coldlight::start();
    /// let runtime = lambda_runtime::Runtime::new(lambda_runtime::service_fn(handler)).layer(coldlight::lambda::layer(&telemetry));
    /// ```
    pub struct InvocationFuture<F> {
        #[pin]
        inner: Option<WithContext<F>>,
        context: Option<Context>,
        watched: bool,
        courier: Option<Courier>,
        deadline: u64,
        #[pin]
        flush: Option<Timeout<oneshot::Receiver<()>>>,
        result: Option<Result<(), Error>>,
    }
}

impl<F: Future<Output = Result<(), Error>>> Future for InvocationFuture<F> {
    type Output = Result<(), Error>;

    fn poll(self: Pin<&mut Self>, task: &mut std::task::Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(inner) = this.inner.as_mut().as_pin_mut() {
            let result = ready!(inner.poll(task));
            this.inner.set(None);
            if let Some(context) = this.context.take() {
                end(&context, *this.watched, &result);
            }
            *this.result = Some(result);
            if let Some(courier) = this.courier.take() {
                let limit = flush_limit(*this.deadline, clock::unix_ms(clock::now()));
                // The courier stops a little earlier than we stop waiting for it.
                let sent = courier.flush(Instant::now() + limit.saturating_sub(MARGIN / 2));
                this.flush.set(Some(timeout(limit, sent)));
            }
        }
        if let Some(flush) = this.flush.as_mut().as_pin_mut() {
            let _ = ready!(flush.poll(task));
            this.flush.set(None);
        }
        Poll::Ready(this.result.take().unwrap_or(Ok(())))
    }
}

fn end(context: &Context, watched: bool, result: &Result<(), Error>) {
    let span = context.span();
    if let Err(why) = result {
        failure::record(&span, "Runtime", &why.to_string());
    } else if let Some(watch) = context.get::<Watch>()
        && watched
        && !watch.called.load(Ordering::Relaxed)
    {
        failure::record(&span, "Deserialize", "the event does not fit the type that the handler takes");
    }
    span.end();
}

/// Both in milliseconds since 1970.
fn flush_limit(deadline: u64, now: u64) -> Duration {
    Duration::from_millis(deadline.saturating_sub(now)).saturating_sub(MARGIN).min(LONGEST_FLUSH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flush_ends_before_the_function_must() {
        assert_eq!(flush_limit(10_000, 1_000), LONGEST_FLUSH);
        assert_eq!(flush_limit(1_700, 1_000), Duration::from_millis(600));
        assert_eq!(flush_limit(1_050, 1_000), Duration::ZERO);
        assert_eq!(flush_limit(900, 1_000), Duration::ZERO);
    }
}
