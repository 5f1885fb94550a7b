//! What a Lambda event tells about its sender: which service, how it calls, how many records, which trace they belong to.
//!
//! Lambda hands a function its event and says nothing about where it came from; only the shape tells. [`explain`] is the one
//! place that knows the shapes, used by the `coldlight` SDK for its invocation spans and by `coldlight local explain`.
//! It is pure: no clock, no environment, no I/O, no panic on any JSON.
//!
//! ```
//! use coldlight_triggers::{Source, Trigger, Way, explain};
//!
//! let event = serde_json::json!({"Records": [{
//!     "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
//!     "body": "{\"order\": 42}",
//!     "attributes": {"AWSTraceHeader": "Root=1-65e1a2b0-0123456789abcdef01234567;Parent=d68f0a1b2c3d4e5f;Sampled=1"},
//!     "eventSource": "aws:sqs",
//!     "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:orders",
//! }]});
//! let explained = explain(&event);
//! assert_eq!(explained.source, Source::Sqs);
//! assert_eq!(explained.way, Some(Way::Poll));
//! assert_eq!(explained.faas_trigger, Trigger::Pubsub);
//! assert_eq!(explained.records, 1);
//! assert_eq!(explained.node.unwrap().name, "orders");
//! assert_eq!(explained.links[0].trace_id.to_string(), "65e1a2b00123456789abcdef01234567");
//! ```
//!
//! Not here: the header that the Runtime API sends beside the event (the SDK joins the two), spans, OpenTelemetry.

mod attributes;
mod context;
mod event;
mod explain;
mod ids;
mod json;
mod node;
mod recognise;
mod records;
mod source;
mod xray;

pub use attributes::{attributes, span_name};
pub use context::{Carrier, TraceContext};
pub use event::parse;
pub use explain::{Explanation, explain};
pub use ids::{SpanId, TraceId};
pub use node::Node;
pub use recognise::recognise;
pub use source::{Source, Trigger, Way};
pub use xray::{Sampled, XRayHeader};
