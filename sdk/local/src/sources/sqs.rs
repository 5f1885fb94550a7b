//! The part of SQS's JSON protocol that senders use: `SendMessage`, `SendMessageBatch`, `GetQueueUrl`.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::queue::{Message, Queue};

/// Answers `AmazonSQS.ACTION`. `trace` is the header `X-Amzn-Trace-Id`, which SQS makes the system attribute `AWSTraceHeader` of messages
/// that have none.
pub fn answer(queues: &BTreeMap<String, Queue>, target: &str, body: &[u8], trace: Option<&str>) -> Response {
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let action = target.strip_prefix("AmazonSQS.").unwrap_or(target);
    let outcome = match action {
        "GetQueueUrl" => url(queues, &asked),
        "SendMessage" => send(queues, &asked, trace),
        "SendMessageBatch" => send_batch(queues, &asked, trace),
        _ => Err(("InvalidAction", format!("here are GetQueueUrl, SendMessage and SendMessageBatch, not {target}"))),
    };
    match outcome {
        Ok(body) => (StatusCode::OK, axum::Json(body)).into_response(),
        Err((kind, message)) => {
            let body = json!({ "__type": format!("com.amazonaws.sqs#{kind}"), "message": message });
            (StatusCode::BAD_REQUEST, axum::Json(body)).into_response()
        }
    }
}

type Outcome = Result<Value, (&'static str, String)>;

/// The queue that a URL or a name ends in.
fn queue<'a>(queues: &'a BTreeMap<String, Queue>, place: &Value) -> Result<&'a Queue, (&'static str, String)> {
    let name = place.as_str().and_then(|place| place.rsplit('/').next()).unwrap_or_default();
    let known = || queues.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    queues.get(name).ok_or_else(|| ("QueueDoesNotExist", format!("there is no queue “{name}”; here are: {}", known())))
}

fn url(queues: &BTreeMap<String, Queue>, asked: &Value) -> Outcome {
    let queue = queue(queues, &asked["QueueName"])?;
    Ok(json!({ "QueueUrl": format!("http://sqs.local/000000000000/{}", queue.name()) }))
}

fn send(queues: &BTreeMap<String, Queue>, asked: &Value, trace: Option<&str>) -> Outcome {
    let queue = queue(queues, &asked["QueueUrl"])?;
    let id = queue.send(message(asked, trace)).map_err(|why| ("OverLimit", why.to_string()))?;
    Ok(json!({ "MessageId": id }))
}

fn send_batch(queues: &BTreeMap<String, Queue>, asked: &Value, trace: Option<&str>) -> Outcome {
    let queue = queue(queues, &asked["QueueUrl"])?;
    let (mut sent, mut failed) = (Vec::new(), Vec::new());
    for entry in asked["Entries"].as_array().into_iter().flatten() {
        match queue.send(message(entry, trace)) {
            Ok(id) => sent.push(json!({ "Id": entry["Id"], "MessageId": id })),
            Err(why) => failed.push(json!({
                "Id": entry["Id"], "Code": "OverLimit", "Message": why.to_string(), "SenderFault": false,
            })),
        }
    }
    Ok(json!({ "Successful": sent, "Failed": failed }))
}

fn message(entry: &Value, trace: Option<&str>) -> Message {
    let mut attributes = Map::new();
    for (name, value) in entry["MessageAttributes"].as_object().into_iter().flatten() {
        // Events write the same with small letters.
        let fields = [("stringValue", "StringValue"), ("binaryValue", "BinaryValue"), ("dataType", "DataType")];
        let fields =
            fields.into_iter().filter_map(|(small, large)| Some((small.to_owned(), value.get(large)?.clone())));
        attributes.insert(name.clone(), Value::Object(fields.collect()));
    }
    let own = entry["MessageSystemAttributes"]["AWSTraceHeader"]["StringValue"].as_str();
    let trace = own.or(trace).map(str::to_owned);
    let text = |name: &str| entry[name].as_str().map(str::to_owned);
    let (group, deduplication) = (text("MessageGroupId"), text("MessageDeduplicationId"));
    Message { body: text("MessageBody").unwrap_or_default(), attributes, trace, group, deduplication }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::queue::Settings;

    #[test]
    fn what_an_sdk_sends_arrives_with_its_trace() {
        let queue = Queue::new(Settings::named("orders"));
        let queues = BTreeMap::from([("orders".to_owned(), queue.clone())]);
        let asked = json!({
            "QueueUrl": "http://127.0.0.1:3000/000000000000/orders", "MessageBody": "7",
            "MessageAttributes": { "traceparent": { "StringValue": "00-…", "DataType": "String" } },
            "MessageSystemAttributes": { "AWSTraceHeader": { "StringValue": "Root=1-…", "DataType": "String" } },
        });
        let sent = answer(&queues, "AmazonSQS.SendMessage", asked.to_string().as_bytes(), None);
        assert_eq!(sent.status(), StatusCode::OK);
        assert_eq!(queue.counts().visible, 1);
        let sent = message(&asked, Some("Root=2-…"));
        assert_eq!(sent.attributes["traceparent"], json!({ "stringValue": "00-…", "dataType": "String" }));
        assert_eq!(sent.trace.as_deref(), Some("Root=1-…"));
        let in_order = json!({ "MessageBody": "7", "MessageGroupId": "customer-1", "MessageDeduplicationId": "d" });
        let in_order = message(&in_order, None);
        assert_eq!((in_order.group.as_deref(), in_order.deduplication.as_deref()), (Some("customer-1"), Some("d")));
        assert_eq!(message(&json!({ "MessageBody": "7" }), Some("Root=2-…")).trace.as_deref(), Some("Root=2-…"));
        let lost = json!({ "QueueUrl": "http://x/y", "MessageBody": "7" }).to_string();
        assert_eq!(answer(&queues, "AmazonSQS.SendMessage", lost.as_bytes(), None).status(), StatusCode::BAD_REQUEST);
    }
}
