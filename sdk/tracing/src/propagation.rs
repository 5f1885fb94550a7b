//! Handing contexts on and taking them in: W3C and X-Ray side by side.

use opentelemetry::Context;
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapCompositePropagator, TextMapPropagator};
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};

#[cfg(feature = "lambda")]
use coldlight_triggers::{Carrier, TraceContext};
use coldlight_triggers::{Sampled, XRayHeader};

use crate::settings::Format;

/// The header's name; HTTP compares without case.
pub(crate) const XRAY: &str = "x-amzn-trace-id";

/// Reads and writes the header `X-Amzn-Trace-Id`, with its `Lineage`, by which AWS stops endless loops.
///
/// ```
/// use std::collections::HashMap;
///
/// use coldlight::XRayPropagator;
/// use opentelemetry::propagation::TextMapPropagator;
/// use opentelemetry::trace::TraceContextExt;
///
/// let text = "Root=1-65e1a2b0-0123456789abcdef01234567;Parent=d68f0a1b2c3d4e5f;Sampled=1;Lineage=a87bd80c:1|68fd508a:5";
/// let incoming = HashMap::from([("x-amzn-trace-id".to_owned(), text.to_owned())]);
/// let context = XRayPropagator::default().extract(&incoming);
/// assert_eq!(context.span().span_context().trace_id().to_string(), "65e1a2b00123456789abcdef01234567");
///
/// let mut outgoing = HashMap::new();
/// XRayPropagator::default().inject_context(&context, &mut outgoing);
/// assert_eq!(outgoing["x-amzn-trace-id"], text);
/// ```
#[derive(Clone, Debug)]
pub struct XRayPropagator {
    fields: [String; 1],
}

impl Default for XRayPropagator {
    fn default() -> Self {
        Self { fields: [XRAY.to_owned()] }
    }
}

/// What a context carries beside its span, to be handed on as it came.
#[derive(Clone, Debug)]
pub(crate) struct Lineage(pub(crate) String);

impl TextMapPropagator for XRayPropagator {
    fn inject_context(&self, context: &Context, injector: &mut dyn Injector) {
        if let Some(header) = header(context) {
            injector.set(XRAY, header);
        }
    }

    fn extract_with_context(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        let header = extractor.get(XRAY).and_then(|text| text.parse::<XRayHeader>().ok());
        let Some(header) = header else { return context.clone() };
        let context = match header.parent {
            Some(parent) => {
                let sampled = header.sampled == Some(Sampled::Yes);
                context.with_remote_span_context(remote(header.root, parent, sampled, TraceState::default()))
            }
            None => context.clone(),
        };
        match header.lineage {
            Some(lineage) => context.with_value(Lineage(lineage)),
            None => context,
        }
    }

    fn fields(&self) -> FieldIter<'_> {
        FieldIter::new(&self.fields)
    }
}

/// The X-Ray header that hands `context` on; `None` where there is nothing to hand on.
pub(crate) fn header(context: &Context) -> Option<String> {
    let span = context.span();
    let span = span.span_context();
    let header = XRayHeader {
        root: coldlight_triggers::TraceId::new(span.trace_id().to_bytes())?,
        parent: Some(coldlight_triggers::SpanId::new(span.span_id().to_bytes())?),
        sampled: Some(if span.is_sampled() { Sampled::Yes } else { Sampled::No }),
        lineage: lineage(context),
    };
    Some(header.to_string())
}

/// From the context; else from the variable in which Lambda's runtimes put the invocation's header.
fn lineage(context: &Context) -> Option<String> {
    if let Some(Lineage(lineage)) = context.get::<Lineage>() {
        return Some(lineage.clone());
    }
    std::env::var("_X_AMZN_TRACE_ID").ok()?.parse::<XRayHeader>().ok()?.lineage
}

fn remote(
    trace: coldlight_triggers::TraceId,
    span: coldlight_triggers::SpanId,
    sampled: bool,
    state: TraceState,
) -> SpanContext {
    let flags = if sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
    let (trace, span) = (TraceId::from_bytes(trace.to_bytes()), SpanId::from_bytes(span.to_bytes()));
    SpanContext::new(trace, span, flags, true, state)
}

/// A context that a trigger carried, as OpenTelemetry's.
#[cfg(feature = "lambda")]
pub(crate) fn span_context(found: &TraceContext) -> SpanContext {
    let state = found.tracestate.as_deref().filter(|_| found.carrier == Carrier::Traceparent);
    let state = state.and_then(|state| state.parse().ok()).unwrap_or_default();
    remote(found.trace_id, found.span_id, found.sampled, state)
}

/// All `formats` in one; a later one wins where several are found.
pub(crate) fn propagator(formats: &[Format]) -> TextMapCompositePropagator {
    let boxed = |format: &Format| -> Box<dyn TextMapPropagator + Send + Sync> {
        match format {
            Format::TraceContext => Box::new(TraceContextPropagator::new()),
            Format::Baggage => Box::new(BaggagePropagator::new()),
            Format::XRay => Box::new(XRayPropagator::default()),
        }
    };
    TextMapCompositePropagator::new(formats.iter().map(boxed).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    const ALL: [Format; 3] = [Format::XRay, Format::TraceContext, Format::Baggage];
    const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn extracted(headers: &[(&str, &str)]) -> Context {
        let headers: HashMap<String, String> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        propagator(&ALL).extract_with_context(&Context::new(), &headers)
    }

    #[test]
    fn w3c_wins_where_both_came_and_the_lineage_is_kept() {
        let xray = "Root=1-65e1a2b0-0123456789abcdef01234567;Parent=d68f0a1b2c3d4e5f;Sampled=0;Lineage=a87bd80c:1";
        let context = extracted(&[("traceparent", TRACEPARENT), (XRAY, xray)]);
        assert_eq!(context.span().span_context().span_id().to_string(), "b7ad6b7169203331");
        assert!(header(&context).unwrap().ends_with(";Parent=b7ad6b7169203331;Sampled=1;Lineage=a87bd80c:1"));
    }

    #[test]
    fn a_load_balancers_header_and_nonsense_are_no_parents() {
        for odd in ["Self=1-65e1a2b1-aaaaaaaaaaaaaaaaaaaaaaaa;Root=1-65e1a2b0-0123456789abcdef01234567", "Root=no", ""]
        {
            assert!(!extracted(&[(XRAY, odd)]).span().span_context().is_valid(), "{odd}");
        }
    }

    #[test]
    fn both_headers_go_out() {
        let mut out = HashMap::new();
        propagator(&ALL).inject_context(&extracted(&[("traceparent", TRACEPARENT)]), &mut out);
        assert_eq!(out["traceparent"], TRACEPARENT);
        assert_eq!(out[XRAY], "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1");
    }

    #[test]
    fn without_a_span_nothing_goes_out() {
        let mut out = HashMap::new();
        propagator(&ALL).inject_context(&Context::new(), &mut out);
        assert!(!out.contains_key("traceparent") && !out.contains_key(XRAY), "{out:?}");
    }

    proptest! {
        #[test]
        fn what_goes_out_comes_in(trace: [u8; 16], span: [u8; 8], sampled: bool, only_xray: bool, lineage in "[0-9a-f]{8}:[0-9]{1,3}") {
            let flags = if sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
            let sent = SpanContext::new(TraceId::from_bytes(trace), SpanId::from_bytes(span), flags, true, TraceState::default());
            prop_assume!(sent.is_valid());
            let context = Context::new().with_remote_span_context(sent.clone()).with_value(Lineage(lineage.clone()));
            let mut headers = HashMap::new();
            propagator(&ALL).inject_context(&context, &mut headers);
            if only_xray {
                headers.remove("traceparent");
            }
            let came = propagator(&ALL).extract_with_context(&Context::new(), &headers);
            let found = came.span().span_context().clone();
            prop_assert_eq!(found, sent);
            prop_assert_eq!(&came.get::<Lineage>().unwrap().0, &lineage);
        }

        #[test]
        fn no_header_makes_it_panic(traceparent in "\\PC{0,60}", xray in "\\PC{0,80}") {
            extracted(&[("traceparent", &traceparent), (XRAY, &xray)]);
        }
    }
}
