//! On whose behalf a request is: what its caller's baggage says becomes attributes of the span that serves it.

use std::time::Duration;

use opentelemetry::baggage::BaggageExt;
use opentelemetry::trace::{Span as _, TraceContextExt};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};

/// By which coldlight tells customers apart when nobody chose others.
pub(crate) const TENANT_AND_CUSTOMER: [&str; 2] = ["tenant.id", "customer.id"];

/// Callers may send whatever they like: of chosen entries alone, and no longer ones, something is kept.
const LONGEST: usize = 256;

/// Writes chosen entries of the baggage on every span that begins a trace here; those inside it are found by their trace.
#[derive(Clone, Debug)]
pub(crate) struct FromBaggage {
    pub(crate) keys: Vec<String>,
}

impl SpanProcessor for FromBaggage {
    fn on_start(&self, span: &mut Span, context: &Context) {
        let parent = context.span().span_context().clone();
        if parent.is_valid() && !parent.is_remote() {
            return;
        }
        let baggage = context.baggage();
        for key in &self.keys {
            if let Some(value) = baggage.get(key).filter(|value| value.as_str().len() <= LONGEST) {
                span.set_attribute(KeyValue::new(key.clone(), value.clone()));
            }
        }
    }

    fn on_end(&self, _: SpanData) {}

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}
