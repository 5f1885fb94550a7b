//! Topics like SNS's: the part of its query protocol that publishers use, `Publish`, and the shapes it delivers.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::gateway::percent;
use super::handover::Target;
use crate::{clock, id};

/// Who subscribed to a topic.
#[derive(Clone, Default)]
pub struct Topic {
    pub targets: Vec<Target>,
}

type Refused = (&'static str, String);

/// Whether a body is one of SNS's: the version is that of its only protocol.
pub(super) fn is_publishing(body: &[u8]) -> bool {
    let holds = |words: &str| body.windows(words.len()).any(|window| window == words.as_bytes());
    body.starts_with(b"Action=") && holds("Version=2010-03-31")
}

/// Answers `Action=Publish&…`; `trace` is the header `X-Amzn-Trace-Id`, which SNS hands on.
pub(super) fn answer(topics: &BTreeMap<String, Topic>, body: &[u8], trace: Option<&str>) -> Response {
    let text = String::from_utf8_lossy(body);
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    let form: BTreeMap<String, String> =
        pairs.map(|(name, value)| (percent::decode(name), percent::decode(value))).collect();
    let (status, xml) = match publish(topics, &form, trace) {
        Ok(id) => (
            StatusCode::OK,
            format!(
                "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult><MessageId>{id}</MessageId>\
                 </PublishResult><ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></PublishResponse>"
            ),
        ),
        Err((code, message)) => {
            let message = message.replace('&', "&amp;").replace('<', "&lt;");
            let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>");
            (StatusCode::BAD_REQUEST, format!("<ErrorResponse>{error}</ErrorResponse>"))
        }
    };
    (status, [(CONTENT_TYPE, "text/xml")], xml).into_response()
}

fn publish(
    topics: &BTreeMap<String, Topic>,
    form: &BTreeMap<String, String>,
    trace: Option<&str>,
) -> Result<String, Refused> {
    let field = |name: &str| form.get(name).map(String::as_str);
    if field("Action") != Some("Publish") {
        let action = field("Action").unwrap_or_default();
        return Err(("InvalidAction", format!("here is Publish, not {action}")));
    }
    let arn = field("TopicArn").or(field("TargetArn")).unwrap_or_default();
    let name = arn.rsplit(':').next().unwrap_or_default();
    let Some(topic) = topics.get(name) else {
        let known: Vec<&str> = topics.keys().map(String::as_str).collect();
        return Err(("NotFound", format!("there is no topic “{name}”; here are: {}", known.join(", "))));
    };
    let message_id = id::uuid().map_err(|why| ("InternalError", why.to_string()))?;
    let notice = json!({
        "Type": "Notification", "MessageId": message_id, "TopicArn": arn, "Subject": field("Subject"),
        "Message": field("Message").unwrap_or_default(), "Timestamp": clock::rfc3339(clock::now()),
        "SignatureVersion": "1", "Signature": "LOCAL", "SigningCertUrl": "http://sns.local/cert",
        "UnsubscribeUrl": "http://sns.local/unsubscribe", "MessageAttributes": attributes(form),
    });
    let body = notice.to_string();
    let event = json!({ "Records": [{
        "EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": format!("{arn}:{message_id}"), "Sns": notice,
    }] });
    let event = event.to_string();
    for target in &topic.targets {
        target.hand(&event, &body, trace).map_err(|why| ("Throttled", why.to_string()))?;
    }
    Ok(message_id)
}

/// `MessageAttributes.entry.1.Name=…&MessageAttributes.entry.1.Value.StringValue=…`, as events write them.
fn attributes(form: &BTreeMap<String, String>) -> Map<String, Value> {
    let entries = form.iter().filter_map(|(key, name)| {
        let entry = key.strip_suffix(".Name").filter(|entry| entry.starts_with("MessageAttributes.entry."))?;
        let value = |field: &str| form.get(&format!("{entry}.Value.{field}"));
        let text = value("StringValue").or_else(|| value("BinaryValue"))?;
        let kind = value("DataType").map_or("String", String::as_str);
        Some((name.clone(), json!({ "Type": kind, "Value": text })))
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::queue::{Queue, Settings};

    #[test]
    fn what_is_published_reaches_a_queue_in_the_envelope_of_sns() {
        let queue = Queue::new(Settings::named("news"));
        let topic = Topic { targets: vec![Target::queue(queue.clone())] };
        let topics = BTreeMap::from([("news".to_owned(), topic)]);
        let body =
            b"Action=Publish&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A123456789012%3Anews&Message=a+b\
            &MessageAttributes.entry.1.Name=traceparent&MessageAttributes.entry.1.Value.DataType=String\
            &MessageAttributes.entry.1.Value.StringValue=00-1";
        assert!(is_publishing(body));
        assert_eq!(answer(&topics, body, Some("Root=1")).status(), StatusCode::OK);
        assert_eq!(queue.counts().visible, 1);
        let lost = b"Action=Publish&Version=2010-03-31&TopicArn=arn:aws:sns:eu-west-1:1:old&Message=x";
        assert_eq!(answer(&topics, lost, None).status(), StatusCode::BAD_REQUEST);
        assert!(!is_publishing(b"Action=like&Version=2012-11-05"));
    }
}
