//! The span that caused an invocation, looked for in this order: what the event carries, what a direct caller put into its client
//! context, the header of the Runtime API.
//!
//! That last header counts only when X-Ray samples (else its decision would silence ours), and not for batches: Lambda's poller
//! passes on the header of one record at most. Its parent may be a segment that only X-Ray ever sees; a trace whose first
//! parent never arrives is a normal trace.

use coldlight_triggers::{Explanation, Sampled, TraceContext, Way, XRayHeader};
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;

use crate::propagation::{Lineage, span_context};

/// The context to make the invocation's span in.
pub(super) fn context(explained: &Explanation, invoked: &lambda_runtime::Context) -> Context {
    let header: Option<XRayHeader> = invoked.xray_trace_id.as_deref().and_then(|text| text.parse().ok());
    let batch = explained.way == Some(Way::Poll);
    let found = explained.parent.clone().or_else(|| custom(invoked)).or_else(|| {
        let header = header.as_ref().filter(|header| !batch && header.sampled == Some(Sampled::Yes))?;
        TraceContext::from_xray(&header.to_string())
    });
    let context = match found {
        Some(found) => Context::new().with_remote_span_context(span_context(&found)),
        None => Context::new(),
    };
    match header.and_then(|header| header.lineage) {
        Some(lineage) => context.with_value(Lineage(lineage)),
        None => context,
    }
}

/// What an `Invoke` may carry beside its payload.
fn custom(invoked: &lambda_runtime::Context) -> Option<TraceContext> {
    let custom = &invoked.client_context.as_ref()?.custom;
    let found = TraceContext::from_traceparent(custom.get("traceparent")?)?;
    Some(TraceContext { tracestate: custom.get("tracestate").cloned(), ..found })
}

#[cfg(test)]
mod tests {
    use coldlight_triggers::explain;
    use http::HeaderMap;
    use serde_json::{Value, json};

    use super::*;

    const W3C: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const XRAY: &str = "Root=1-65e1a2b0-0123456789abcdef01234567;Parent=d68f0a1b2c3d4e5f;Sampled=1;Lineage=a87bd80c:1";

    /// The parent's span id, or nothing.
    #[track_caller]
    fn check(event: &Value, headers: &[(&'static str, &str)], expected: &str) {
        let mut headers: HeaderMap =
            headers.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect();
        headers.insert("lambda-runtime-deadline-ms", "1772359200000".parse().unwrap());
        let invoked = lambda_runtime::Context::new("id", Default::default(), &headers).unwrap();
        let context = context(&explain(event), &invoked);
        let span = context.span().span_context().clone();
        let found = if span.is_valid() { span.span_id().to_string() } else { String::new() };
        assert_eq!(found, expected);
        assert!(!span.is_valid() || span.is_remote());
        let lineage = headers.values().any(|value| value.to_str().unwrap().contains("Lineage"));
        assert_eq!(context.get::<Lineage>().is_some(), lineage);
    }

    #[test]
    fn the_events_own_context_goes_before_the_runtimes() {
        let request =
            json!({"version": "2.0", "headers": {"traceparent": W3C}, "requestContext": {"http": {"method": "GET"}}});
        check(&request, &[("lambda-runtime-trace-id", XRAY)], "b7ad6b7169203331");
    }

    #[test]
    fn a_direct_caller_may_use_the_client_context() {
        let context = json!({"custom": {"traceparent": W3C}}).to_string();
        let headers = [("lambda-runtime-client-context", context.as_str()), ("lambda-runtime-trace-id", XRAY)];
        check(&json!({"order": 1}), &headers, "b7ad6b7169203331");
    }

    #[test]
    fn the_runtimes_header_counts_when_xray_samples() {
        check(&json!({"order": 1}), &[("lambda-runtime-trace-id", XRAY)], "d68f0a1b2c3d4e5f");
        check(&json!({"order": 1}), &[("lambda-runtime-trace-id", &XRAY.replace("Sampled=1", "Sampled=0"))], "");
        check(&json!({"order": 1}), &[("lambda-runtime-trace-id", "Root=1-65e1a2b0-0123456789abcdef01234567")], "");
    }

    #[test]
    fn a_batch_has_no_parent_whoever_offers_one() {
        let batch = json!({"Records": [{"eventSource": "aws:sqs", "messageId": "1", "body": "",
            "messageAttributes": {"traceparent": {"stringValue": W3C}}}]});
        check(&batch, &[("lambda-runtime-trace-id", XRAY)], "");
    }
}
