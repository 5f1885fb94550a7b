//! Everything an event tells about where it came from, in one answer.

use serde::Serialize;
use serde_json::Value;

use crate::context::TraceContext;
use crate::json::{field, first, path, text};
use crate::node::{Node, node};
use crate::recognise::recognise;
use crate::records::{self, envelope, in_payload, of_record, records};
use crate::source::{Source, Trigger, Way};

/// What an event tells.
///
/// ```
/// let event = serde_json::json!({"version": "0", "detail-type": "OrderPlaced", "source": "shop.orders", "region": "eu-west-1"});
/// let explained = coldlight_triggers::explain(&event);
/// assert_eq!(
///     serde_json::to_value(&explained).unwrap(),
///     serde_json::json!({
///         "source": "eventbridge", "way": "async", "faas_trigger": "pubsub", "records": 1,
///         "node": {"type": "eventbridge", "name": "shop.orders", "region": "eu-west-1"},
///         "parent": null, "links": [],
///     })
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// Who called.
    pub source: Source,
    /// How; `None` where the event does not tell.
    pub way: Option<Way>,
    /// For the attribute `faas.trigger`.
    pub faas_trigger: Trigger,
    /// Records, messages or log events in it.
    pub records: usize,
    /// The sender on a map.
    pub node: Option<Node>,
    /// A topic whose message came through the queue in `node`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<Node>,
    /// The span that caused the invocation. Never for a batch: its records may come from as many traces.
    pub parent: Option<TraceContext>,
    /// The spans that sent the records of a batch, each once.
    pub links: Vec<TraceContext>,
}

/// Tells from an event who sent it, how, how much, and in which trace.
///
/// The header `Lambda-Runtime-Trace-Id` is no part of the event: a parent may also be known from there.
///
/// ```
/// let event = serde_json::json!({
///     "version": "2.0", "routeKey": "GET /orders", "rawPath": "/orders",
///     "headers": {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
///     "requestContext": {"apiId": "a1b2c3", "stage": "$default", "domainName": "api.example.com", "http": {"method": "GET"}},
/// });
/// let explained = coldlight_triggers::explain(&event);
/// assert_eq!(explained.parent.unwrap().span_id.to_string(), "b7ad6b7169203331");
/// ```
pub fn explain(event: &Value) -> Explanation {
    let source = recognise(event);
    let records = records(event, source);
    let (parent, links) = if is_batch(source, records.len()) {
        (None, records::links(source, &records))
    } else {
        (parent(event, source), Vec::new())
    };
    Explanation {
        source,
        way: source.way(),
        faas_trigger: source.trigger(),
        records: records::count(event, source, &records),
        node: node(event, source),
        via: via(source, &records),
        parent,
        links,
    }
}

/// Whether records have senders of their own. SNS hands over arrays of one, which is then the parent.
fn is_batch(source: Source, records: usize) -> bool {
    source.way() == Some(Way::Poll) || (source == Source::Sns && records > 1)
}

fn parent(event: &Value, source: Source) -> Option<TraceContext> {
    match source {
        Source::Sns => of_record(source, first(field(event, "Records"))),
        Source::CloudFront => {
            TraceContext::from_headers(path(first(field(event, "Records")), &["cf", "request", "headers"]))
        }
        Source::AppSync | Source::AppSyncAuthorizer => {
            let one = if event.is_array() { first(event) } else { event };
            TraceContext::from_headers(path(one, &["request", "headers"]))
                .or_else(|| TraceContext::from_headers(field(one, "requestHeaders")))
        }
        _ if source.trigger() == Trigger::Http => TraceContext::from_headers(field(event, "headers"))
            .or_else(|| TraceContext::from_headers(field(event, "multiValueHeaders"))),
        Source::EventBridge => in_payload(field(event, "detail")),
        Source::LambdaDestination => in_payload(field(event, "responsePayload")),
        Source::StepFunctions => in_payload(path(event, &["Execution", "Input"])).or_else(|| in_payload(event)),
        Source::Custom => in_payload(event),
        _ => None,
    }
}

fn via(source: Source, records: &[&Value]) -> Option<Node> {
    if source != Source::Sqs {
        return None;
    }
    let envelope = envelope(records.first()?)?;
    let event = serde_json::json!({"Records": [{"Sns": {"TopicArn": text(&envelope, &["TopicArn"])?}}]});
    node(&event, Source::Sns)
}
