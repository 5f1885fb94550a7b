//! The span of one call, in the words of OpenTelemetry's conventions for AWS SDKs.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::propagation::Injector;
use opentelemetry::trace::{SpanBuilder, SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue, global};

use crate::AwsError;

/// A call under way; its span ends when this is dropped.
pub struct Call {
    context: Context,
}

impl Call {
    /// `service` and `operation` as AWS spells them: `DynamoDB`, `PutItem`.
    pub fn begin(service: &'static str, operation: &'static str, region: &str, about: Vec<KeyValue>) -> Self {
        let mut builder = SpanBuilder::from_name(format!("{service}.{operation}"));
        let sends = operation.starts_with("SendMessage");
        builder.span_kind = Some(if sends { SpanKind::Producer } else { SpanKind::Client });
        let mut all = vec![
            KeyValue::new("rpc.system", "aws-api"),
            KeyValue::new("rpc.service", service),
            KeyValue::new("rpc.method", operation),
            KeyValue::new("cloud.region", region.to_owned()),
            KeyValue::new("server.address", format!("{}.{region}.amazonaws.com", service.to_lowercase())),
        ];
        all.extend(about);
        builder.attributes = Some(all);
        let parent = Context::current();
        let span = global::tracer("aws").build_with_context(builder, &parent);
        Self { context: parent.with_span(span) }
    }

    /// The trace, as headers carry it.
    pub fn headers(&self) -> HeaderMap {
        let mut headers = Headers(HeaderMap::new());
        global::get_text_map_propagator(|propagator| propagator.inject_context(&self.context, &mut headers));
        headers.0
    }

    pub fn answered(&self, status: u16, outcome: Result<(), &AwsError>) {
        let span = self.context.span();
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
        if let Err(error) = outcome {
            span.set_attribute(KeyValue::new("error.type", error.code.clone()));
            span.set_status(Status::error(error.message.clone()));
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.context.span().end();
    }
}

struct Headers(HeaderMap);

impl Injector for Headers {
    fn set(&mut self, name: &str, value: String) {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::try_from(&value)) {
            self.0.insert(name, value);
        }
    }
}
