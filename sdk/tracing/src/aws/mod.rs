//! Calls of the AWS SDK for Rust: a span for each, naming the table, bucket, queue, topic, stream or function that was called.
//!
//! ```
//! use coldlight::aws::Interceptor;
//!
//! // aws_sdk_sqs::config::Builder::from(&config).interceptor(Interceptor::new())
//! let interceptor = Interceptor::new();
//! ```
//!
//! The trace goes along in the header `X-Amzn-Trace-Id`, which SQS, SNS, EventBridge, S3, Lambda and Step Functions hand on to
//! whom they call: SQS as a message's `AWSTraceHeader`, which the layer for Lambda turns into links.
//!
//! Names and identifiers are recorded, never items, messages or objects.

mod answer;
mod call;
mod request;

use std::sync::atomic::{AtomicU32, Ordering};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextMut, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use aws_types::region::Region;
use opentelemetry::trace::{SpanBuilder, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue, global};

use crate::failure;
use crate::http::TRACER;
use crate::open::Open;
use crate::propagation;

/// Makes a span for each call. Give it to a client's configuration; it works for all services.
///
/// ```
/// use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
///
/// let interceptor = SharedInterceptor::new(coldlight::aws::Interceptor::new());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Interceptor(());

impl Interceptor {
    /// Uses the tracer that [`init`](crate::init) or [`start`](crate::start) set.
    ///
    /// ```
    /// let interceptor = coldlight::aws::Interceptor::new();
    /// ```
    pub fn new() -> Self {
        Self(())
    }
}

/// What is known of a call while it lasts.
#[derive(Debug)]
struct Call {
    open: Open,
    attempts: AtomicU32,
    named: std::sync::atomic::AtomicBool,
}

impl Storable for Call {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Interceptor {
    fn name(&self) -> &'static str {
        "coldlight"
    }

    /// The first hook that knows which operation it is about.
    fn read_before_serialization(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(metadata) = bag.load::<Metadata>() else { return Ok(()) };
        let (service, operation) = (metadata.service().to_owned(), metadata.name().to_owned());
        let region = bag.load::<Region>().map(|region| region.as_ref().to_owned());
        let mut builder = SpanBuilder::from_name(format!("{service}.{operation}"));
        builder.span_kind = Some(call::kind(&service, &operation));
        let mut all = vec![
            KeyValue::new("rpc.system", "aws-api"),
            KeyValue::new("rpc.service", service),
            KeyValue::new("rpc.method", operation),
        ];
        all.extend(region.map(|region| KeyValue::new("cloud.region", region)));
        builder.attributes = Some(all);
        let parent = Context::current();
        let span = global::tracer(TRACER).build_with_context(builder, &parent);
        let open = Open(parent.with_span(span));
        bag.interceptor_state().store_put(Call { open, attempts: AtomicU32::new(0), named: false.into() });
        Ok(())
    }

    /// The request has its address now, and is not signed yet.
    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (Some(call), Some(metadata)) = (bag.load::<Call>(), bag.load::<Metadata>()) else { return Ok(()) };
        let request = context.request_mut();
        let span = call.open.0.span();
        call.attempts.fetch_add(1, Ordering::Relaxed);
        if span.is_recording() && !call.named.swap(true, Ordering::Relaxed) {
            let seen = request::Request {
                uri: request.uri(),
                body: request.body().bytes(),
                invocation_type: request.headers().get("x-amz-invocation-type"),
            };
            let region = bag.load::<Region>().map(|region| region.as_ref());
            span.set_attributes(call::attributes(metadata.service(), metadata.name(), region, &seen));
        }
        // Left unsigned by the SDK, which writes this header itself in functions.
        if let Some(header) = propagation::header(&call.open.0) {
            request.headers_mut().insert(propagation::XRAY, header);
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(call) = bag.load::<Call>() else { return Ok(()) };
        let span = call.open.0.span();
        let again = call.attempts.load(Ordering::Relaxed).saturating_sub(1);
        if again > 0 {
            span.set_attribute(KeyValue::new("http.request.resend_count", i64::from(again)));
        }
        if let Some(response) = context.response() {
            let header = |name: &str| response.headers().get(name);
            let seen = answer::Answer {
                status: response.status().as_u16(),
                request_id: header("x-amzn-requestid").or_else(|| header("x-amz-request-id")),
                extended_request_id: header("x-amz-id-2"),
                error: header("x-amzn-errortype"),
                body: response.body().bytes(),
            };
            span.set_attributes(answer::attributes(&seen));
            span.set_attribute(KeyValue::new("http.response.status_code", i64::from(seen.status)));
            if let Some(error) = answer::error(&seen) {
                failure::record(&span, &error.code, error.message.as_deref().unwrap_or_default());
            }
        } else if let Some(Err(error)) = context.output_or_error() {
            let kind = if error.is_timeout_error() {
                "timeout"
            } else if error.is_connector_error() {
                "connect"
            } else {
                "error"
            };
            failure::record(&span, kind, "no answer");
        }
        span.end();
        Ok(())
    }
}
