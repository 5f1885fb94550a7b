//! What a span says that its cost and its waiting are told from: facts that few spans have, and every question about all of them asks.

use crate::conventions::Lookup;
use crate::{Kind, NodeKind, Value};

/// See the module's words. What does not concern a span's kind and other side is not looked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MeteredFacts {
    /// Of the message or request, of calls that AWS meters by their size.
    pub bytes: Option<i64>,
    /// `api-gateway-rest`, …: what a request came through, as our SDK says it.
    pub trigger_source: Option<String>,
    /// Of reading from DynamoDB.
    pub consistent_read: Option<bool>,
    /// Units that DynamoDB says it took of one table, as it writes them; of several tables the first's.
    pub consumed_capacity: Option<String>,
    /// When the queue or topic took the (oldest) message, in milliseconds since 1970.
    pub sent_ms: Option<i64>,
    /// How often the call was made again: the conventions' word, or that of AWS's SDK for Python.
    pub resends: Option<i64>,
    /// `customer.id`.
    pub customer: Option<String>,
}

/// Facts of a span whose other side is a node of kind `remote`.
pub(crate) fn metered_facts(kind: Kind, remote: Option<NodeKind>, at: &Lookup) -> MeteredFacts {
    let mut facts = MeteredFacts { customer: at.value(&["customer.id"]).and_then(said), ..MeteredFacts::default() };
    let calls = matches!(kind, Kind::CLIENT | Kind::PRODUCER);
    if calls {
        facts.resends = whole(at, "http.request.resend_count").or_else(|| whole(at, "retry_attempts"));
    } else {
        facts.sent_ms = whole(at, "coldlight.trigger.sent_at");
    }
    match remote {
        Some(NodeKind::DynamoDb) if calls => {
            facts.consistent_read = at.value(&["aws.dynamodb.consistent_read"]).and_then(Value::as_bool);
            facts.consumed_capacity = at.value(&["aws.dynamodb.consumed_capacity"]).and_then(capacity_units);
        }
        Some(NodeKind::Sqs | NodeKind::Sns | NodeKind::EventBridge | NodeKind::StepFunctions) if calls => {
            facts.bytes = bytes(at);
        }
        Some(NodeKind::ApiGateway) if kind == Kind::SERVER => {
            facts.bytes = bytes(at);
            facts.trigger_source = at.value(&["coldlight.trigger.source"]).and_then(said);
        }
        _ => {}
    }
    facts
}

fn whole(at: &Lookup, name: &str) -> Option<i64> {
    at.value(&[name])?.as_int()
}

/// What a span says of something, unless that is nothing.
fn said(value: &Value) -> Option<String> {
    Some(value.to_display()).filter(|text| !text.is_empty() && *value != Value::Null)
}

/// The size that was said first; no request has 4 GiB.
fn bytes(at: &Lookup) -> Option<i64> {
    let names = ["messaging.message.envelope.size", "messaging.message.body.size", "http.request.body.size"];
    at.value(&names)?.as_int().filter(|bytes| u32::try_from(*bytes).is_ok())
}

/// From JSON, in a list with an item for each table, itself JSON in text as a rule.
fn capacity_units(value: &Value) -> Option<String> {
    let text = value.to_display();
    text.match_indices("\"CapacityUnits").find_map(|(at, word)| {
        let rest = text[at + word.len()..].trim_start_matches('\\').strip_prefix('"')?.trim_start();
        let rest = rest.strip_prefix(':')?.trim_start();
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        (end > 0).then(|| rest[..end].to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Attributes;

    fn facts(kind: Kind, remote: NodeKind, pairs: &[(&str, Value)]) -> MeteredFacts {
        let attributes: Attributes = pairs.iter().map(|(key, value)| (*key, value.clone())).collect();
        metered_facts(kind, Some(remote), &Lookup::of(&[&attributes]))
    }

    #[test]
    fn the_units_that_dynamodb_took_are_read_in_either_spelling() {
        let units = |value: Value| {
            facts(Kind::CLIENT, NodeKind::DynamoDb, &[("aws.dynamodb.consumed_capacity", value)]).consumed_capacity
        };
        let json = "{\"TableName\":\"orders\",\"CapacityUnits\": 2.5}";
        assert_eq!(units(Value::Array(vec![json.into()])).as_deref(), Some("2.5"));
        assert_eq!(units(json.into()).as_deref(), Some("2.5"));
        let map: Attributes = [("CapacityUnits", Value::Int(3))].into_iter().collect();
        assert_eq!(units(Value::Array(vec![Value::Map(map)])).as_deref(), Some("3"));
        assert_eq!(units("{\"CapacityUnits\":null}".into()), None);
    }

    #[test]
    fn sizes_are_of_messages_and_of_requests_and_never_beyond_reason() {
        let sized = |kind, remote, bytes: Value| facts(kind, remote, &[("messaging.message.body.size", bytes)]).bytes;
        assert_eq!(sized(Kind::PRODUCER, NodeKind::Sqs, Value::Int(65_537)), Some(65_537));
        assert_eq!(sized(Kind::CLIENT, NodeKind::Sns, "12".into()), Some(12));
        assert_eq!(sized(Kind::SERVER, NodeKind::ApiGateway, Value::Int(7)), Some(7));
        assert_eq!(sized(Kind::CLIENT, NodeKind::S3, Value::Int(7)), None);
        assert_eq!(sized(Kind::CLIENT, NodeKind::Sqs, Value::Int(-1)), None);
        assert_eq!(sized(Kind::CLIENT, NodeKind::Sqs, Value::Int(1 << 40)), None);
    }

    #[test]
    fn what_was_made_again_is_said_by_the_conventions_first() {
        let pairs = [("retry_attempts", Value::Int(2)), ("http.request.resend_count", Value::Int(1))];
        assert_eq!(facts(Kind::CLIENT, NodeKind::External, &pairs).resends, Some(1));
        assert_eq!(facts(Kind::CLIENT, NodeKind::External, &pairs[..1]).resends, Some(2));
        let sent = [("coldlight.trigger.sent_at", Value::from("1700000000123"))];
        assert_eq!(facts(Kind::CONSUMER, NodeKind::Sqs, &sent).sent_ms, Some(1_700_000_000_123));
    }
}
