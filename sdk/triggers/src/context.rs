//! A place in somebody's trace, as one carrier wrote it.

use serde::Serialize;
use serde_json::Value;

use crate::ids::{SpanId, TraceId};
use crate::json::{self, field};
use crate::xray::{Sampled, XRayHeader};

/// Which of the two formats a context was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Carrier {
    /// W3C `traceparent`
    Traceparent,
    /// `X-Amzn-Trace-Id`, `AWSTraceHeader`
    Xray,
}

/// The span that caused an event or one of its records.
///
/// ```
/// use coldlight_triggers::TraceContext;
///
/// let context = TraceContext::from_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
/// assert_eq!(context.span_id.to_string(), "b7ad6b7169203331");
/// assert!(context.sampled);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct TraceContext {
    /// The trace.
    pub trace_id: TraceId,
    /// The span.
    pub span_id: SpanId,
    /// Whether its sender records it.
    pub sampled: bool,
    /// Where it was read.
    pub carrier: Carrier,
    /// W3C `tracestate`, as it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracestate: Option<String>,
}

/// The W3C limit of what must be handed on.
const LONGEST_TRACESTATE: usize = 512;

impl TraceContext {
    /// From a W3C `traceparent`, of any version but `ff`; a later version may have more parts behind the flags.
    ///
    /// ```
    /// use coldlight_triggers::TraceContext;
    ///
    /// assert!(TraceContext::from_traceparent("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01").is_none());
    /// ```
    pub fn from_traceparent(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let hex = |text: &str| (text.len() == 2).then(|| u8::from_str_radix(text, 16).ok())?;
        let version = hex(version)?;
        let known = version != 0xff && (version != 0 || parts.next().is_none());
        let lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        let (trace_id, span_id) = (TraceId::from_hex(trace)?, SpanId::from_hex(span)?);
        let sampled = hex(flags)? & 1 == 1;
        (known && lower).then_some(Self { trace_id, span_id, sampled, carrier: Carrier::Traceparent, tracestate: None })
    }

    /// From an X-Ray header that names a parent. One without (a load balancer's) is no place in a trace.
    ///
    /// ```
    /// use coldlight_triggers::TraceContext;
    ///
    /// let header = "Root=1-65e1a2b0-0123456789abcdef01234567;Parent=d68f0a1b2c3d4e5f;Sampled=1";
    /// assert!(TraceContext::from_xray(header).unwrap().sampled);
    /// ```
    pub fn from_xray(text: &str) -> Option<Self> {
        let header: XRayHeader = text.parse().ok()?;
        let sampled = header.sampled == Some(Sampled::Yes);
        let (trace_id, span_id) = (header.root, header.parent?);
        Some(Self { trace_id, span_id, sampled, carrier: Carrier::Xray, tracestate: None })
    }

    /// As a W3C `traceparent`.
    ///
    /// ```
    /// use coldlight_triggers::TraceContext;
    ///
    /// let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    /// assert_eq!(TraceContext::from_traceparent(text).unwrap().to_traceparent(), text);
    /// ```
    pub fn to_traceparent(&self) -> String {
        format!("00-{}-{}-{:02x}", self.trace_id, self.span_id, u8::from(self.sampled))
    }

    /// The first that parses: W3C (with its state), then X-Ray.
    pub(crate) fn first(
        traceparent: Option<&str>,
        tracestate: Option<&str>,
        xray: impl FnOnce() -> Option<Self>,
    ) -> Option<Self> {
        match traceparent.and_then(Self::from_traceparent) {
            Some(found) => {
                let state = tracestate.filter(|state| !state.is_empty() && state.len() <= LONGEST_TRACESTATE);
                Some(Self { tracestate: state.map(str::to_owned), ..found })
            }
            None => xray(),
        }
    }

    /// From an object of headers, whose values are texts, arrays of texts (Lattice) or arrays of `{key, value}` (CloudFront).
    pub(crate) fn from_headers(headers: &Value) -> Option<Self> {
        let header = |name: &str| json::ignoring_case(headers, name).and_then(json::header_text);
        Self::first(header("traceparent"), header("tracestate"), || Self::from_xray(header("x-amzn-trace-id")?))
    }

    /// From the message attributes of SQS (`stringValue`) or SNS (`Value`).
    pub(crate) fn from_message_attributes(attributes: &Value, value: &str) -> Option<Self> {
        let text = |name: &str| field(field(attributes, name), value).as_str();
        Self::first(text("traceparent"), text("tracestate"), || {
            Self::from_xray(text("AWSTraceHeader").or_else(|| text("X-Amzn-Trace-Id"))?)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_later_version_may_say_more() {
        assert!(TraceContext::from_traceparent(&TRACEPARENT.replace("00-0af", "cc-0af")).is_some());
        assert!(TraceContext::from_traceparent(&format!("{}-what", TRACEPARENT.replace("00-0af", "01-0af"))).is_some());
        assert!(TraceContext::from_traceparent(&format!("{TRACEPARENT}-what")).is_none());
    }

    #[test]
    fn what_w3c_calls_invalid_is_no_context() {
        for wrong in [
            "",
            "00",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
            "0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert_eq!(TraceContext::from_traceparent(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn w3c_is_asked_before_xray() {
        let headers = serde_json::json!({
            "X-Amzn-Trace-Id": "Root=1-65e1a2b0-0123456789abcdef01234567;Parent=d68f0a1b2c3d4e5f;Sampled=1",
            "TraceParent": TRACEPARENT,
            "tracestate": "vendor=1",
        });
        let found = TraceContext::from_headers(&headers).unwrap();
        assert_eq!((found.carrier, found.tracestate.as_deref()), (Carrier::Traceparent, Some("vendor=1")));
    }

    proptest! {
        #[test]
        fn a_traceparent_is_read_back(trace: [u8; 16], span: [u8; 8], sampled: bool) {
            let (Some(trace_id), Some(span_id)) = (TraceId::new(trace), SpanId::new(span)) else { return Ok(()) };
            let context = TraceContext { trace_id, span_id, sampled, carrier: Carrier::Traceparent, tracestate: None };
            prop_assert_eq!(TraceContext::from_traceparent(&context.to_traceparent()), Some(context));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            let _ = TraceContext::from_traceparent(&text);
        }
    }
}
