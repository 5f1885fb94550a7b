//! Typed facts of a span: the promoted columns of the `spans` table, and which node of the map it talks to.
//!
//! Pure: the same span and resource give the same facts. Old and new names of the conventions mean the same.

use crate::conventions::{Lookup, arn_part, memory_mb};
use crate::metered::{MeteredFacts, metered_facts};
use crate::remote::{host, short_name, source, target, way};
use crate::sampling::{Said, stands_for};
use crate::{Kind, Node, Outcome, Resource, Span, Value, Way};

/// Everything our own questions need of a span besides its fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpanFacts<'a> {
    pub outcome: Outcome,
    /// The other side of a call: the target of a CLIENT or PRODUCER span, the source of a SERVER or CONSUMER span.
    pub remote: Option<Node>,
    pub way: Way,
    pub http_method: Option<&'a str>,
    pub http_route: Option<&'a str>,
    pub http_status: Option<u16>,
    pub url_path: Option<&'a str>,
    pub error_type: Option<&'a str>,
    pub rpc_service: Option<&'a str>,
    pub rpc_method: Option<&'a str>,
    pub db_system: Option<&'a str>,
    pub db_operation: Option<&'a str>,
    pub db_collection: Option<&'a str>,
    pub messaging_system: Option<&'a str>,
    pub messaging_destination: Option<&'a str>,
    pub messaging_operation: Option<&'a str>,
    /// Messages or records in a batch.
    pub records: Option<i64>,
    pub server_address: Option<&'a str>,
    pub peer_service: Option<&'a str>,
    /// The function's request id; on asynchronous retries the same again.
    pub invocation_id: Option<&'a str>,
    pub faas_trigger: Option<&'a str>,
    pub cold_start: Option<bool>,
    pub function: Option<&'a str>,
    /// Without alias where the sender kept to the conventions.
    pub function_arn: Option<&'a str>,
    pub invoked_arn: Option<&'a str>,
    pub function_version: Option<&'a str>,
    pub function_instance: Option<&'a str>,
    pub memory_mb: Option<i64>,
    /// The function a CLIENT span invokes.
    pub invoked_name: Option<&'a str>,
    pub document_collection: Option<&'a str>,
    pub document_operation: Option<&'a str>,
    pub document_name: Option<&'a str>,
    pub tenant: Option<&'a str>,
    pub cloud_account_id: Option<&'a str>,
    pub cloud_region: Option<&'a str>,
    pub metered: MeteredFacts,
    /// How many spans it stands for, in millionths: [`stands_for`].
    pub stands_for: Option<u64>,
}

/// The path of a URL or of an old `http.target`, without its query.
fn path(text: &str) -> &str {
    let rest = match text.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => text,
    };
    rest.split(['?', '#']).next().unwrap_or(rest)
}

/// Facts of `span`, whose resource is `resource`.
pub fn span_facts<'a>(span: &'a Span, resource: &'a Resource) -> SpanFacts<'a> {
    let sets = [&span.attributes];
    let at = Lookup::of(&sets);
    let both = [&span.attributes, &resource.attributes];
    let anywhere = Lookup::of(&both);
    let address = at.text(&["url.path", "http.target", "url.full", "http.url"]);
    let rpc_sent = at.text(&["rpc.method"]);
    // The new form holds service and operation in one: `DynamoDB/PutItem`.
    let rpc_split = rpc_sent.and_then(|method| method.rsplit_once(['/', '.']));
    let error_type = at
        .text(&["error.type", "aws.error.code", "exception.type"])
        .or_else(|| exception_type(span))
        .filter(|kind| !kind.is_empty());
    let http_status = at
        .int(&["http.response.status_code", "http.status_code"])
        .and_then(|status| u16::try_from(status).ok())
        .filter(|status| *status >= 100);
    let function_arn = anywhere.text(&["cloud.resource_id", "faas.id"]).filter(|arn| arn.contains(":lambda:"));
    let mut facts = SpanFacts {
        outcome: Outcome::judge(span.status_code, http_status, error_type),
        http_method: at.text(&["http.request.method", "http.method"]),
        http_route: at.text(&["http.route"]),
        http_status,
        url_path: address.map(path),
        rpc_service: at.text(&["rpc.service"]).or_else(|| rpc_split.map(|(service, _)| short_name(service))),
        rpc_method: rpc_split.map(|(_, method)| method).or(rpc_sent),
        db_system: at.text(&["db.system.name", "db.system"]),
        db_operation: at.text(&["db.operation.name", "db.operation"]),
        db_collection: at.text(&["db.collection.name", "aws.dynamodb.table_names", "db.sql.table"]),
        messaging_system: at.text(&["messaging.system"]),
        messaging_destination: at.text(&["messaging.destination.name", "messaging.destination"]),
        messaging_operation: at.text(&["messaging.operation.type", "messaging.operation.name", "messaging.operation"]),
        records: at.int(&["messaging.batch.message_count"]),
        server_address: at.text(&["server.address", "net.peer.name", "http.host", "net.host.name"]).map(host),
        peer_service: at.text(&["service.peer.name", "peer.service"]),
        invocation_id: at.text(&["faas.invocation_id", "faas.execution"]),
        faas_trigger: at.text(&["faas.trigger"]),
        cold_start: at.bool(&["faas.coldstart", "faas.cold_start"]),
        function: anywhere.text(&["faas.name"]),
        invoked_arn: at.text(&["aws.lambda.invoked_arn"]),
        function_version: anywhere.text(&["faas.version"]),
        function_instance: anywhere.text(&["faas.instance"]),
        memory_mb: anywhere.int(&["faas.max_memory"]).map(memory_mb),
        invoked_name: at.text(&["faas.invoked_name"]),
        document_collection: at.text(&["faas.document.collection"]),
        document_operation: at.text(&["faas.document.operation"]),
        document_name: at.text(&["faas.document.name"]),
        tenant: at.text(&["aws.lambda.tenant_id", "tenant.id", "coldlight.tenant"]),
        cloud_account_id: anywhere
            .text(&["cloud.account.id"])
            .or_else(|| function_arn.and_then(|arn| arn_part(arn, 4))),
        cloud_region: anywhere
            .text(&["cloud.region", "aws.region"])
            .or_else(|| function_arn.and_then(|arn| arn_part(arn, 3))),
        function_arn,
        error_type,
        ..SpanFacts::default()
    };
    facts.remote = match span.kind {
        Kind::CLIENT | Kind::PRODUCER => target(&at, &facts),
        Kind::SERVER | Kind::CONSUMER => source(&at, &facts),
        // The Rust runtime makes its invocation span INTERNAL.
        _ if facts.invocation_id.is_some() => source(&at, &facts),
        _ => None,
    };
    facts.way = way(span.kind, &facts, &at);
    facts.metered = metered_facts(span.kind, facts.remote.as_ref().map(|node| node.kind), &at);
    let said = |name| at.value(&[name]).map(Value::to_display);
    facts.stands_for = stands_for(Said {
        trace_state: &span.trace_state,
        probability: said("sampling.probability").as_deref(),
        rate: said("SampleRate").as_deref(),
    });
    facts
}

/// The type of the last recorded exception.
fn exception_type(span: &Span) -> Option<&str> {
    let exception = span.events.iter().rev().find(|event| event.name == "exception")?;
    exception.attributes.get("exception.type").and_then(Value::as_text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Attributes, SpanId, StatusCode, TraceId};

    fn span(kind: Kind, pairs: &[(&str, Value)]) -> Span {
        Span {
            trace_id: TraceId::new([1; 16]).unwrap(),
            span_id: SpanId::new([1; 8]).unwrap(),
            parent_span_id: None,
            trace_state: String::new(),
            flags: 0,
            name: "s".into(),
            kind,
            started_at: Default::default(),
            ended_at: Default::default(),
            attributes: pairs.iter().map(|(key, value)| (*key, value.clone())).collect::<Attributes>(),
            dropped_attributes_count: 0,
            events: vec![],
            dropped_events_count: 0,
            links: vec![],
            dropped_links_count: 0,
            status_code: StatusCode::UNSET,
            status_message: String::new(),
            oddities: Default::default(),
            resource: 0,
            scope: 0,
        }
    }

    fn told<T>(kind: Kind, pairs: &[(&str, Value)], tell: impl FnOnce(SpanFacts<'_>) -> T) -> T {
        tell(span_facts(&span(kind, pairs), &Resource::default()))
    }

    #[track_caller]
    fn check_remote(kind: Kind, pairs: &[(&str, Value)], expected: &str, way: Way) {
        let remote = told(kind, pairs, |facts| (facts.remote.map(|node| node.id()), facts.way));
        assert_eq!(remote, (Some(expected.to_owned()), way));
    }

    #[test]
    fn a_dynamodb_call_names_its_table() {
        let tables = Value::Array(vec!["orders".into()]);
        let old = [
            ("rpc.system", "aws-api".into()),
            ("rpc.service", "DynamoDB".into()),
            ("aws.dynamodb.table_names", tables.clone()),
        ];
        check_remote(Kind::CLIENT, &old, "dynamodb:orders", Way::Sync);
        let new = [
            ("rpc.system.name", "aws-api".into()),
            ("rpc.method", "DynamoDB/PutItem".into()),
            ("aws.dynamodb.table_names", tables),
        ];
        check_remote(Kind::CLIENT, &new, "dynamodb:orders", Way::Sync);
    }

    #[test]
    fn sending_to_a_queue_is_async_and_names_the_same_node_as_its_consumer() {
        let send = [
            ("rpc.system", "aws-api".into()),
            ("rpc.service", "SQS".into()),
            ("rpc.method", "SendMessage".into()),
            ("aws.queue_url", "https://sqs.us-east-1.amazonaws.com/123456789012/order-events".into()),
        ];
        check_remote(Kind::CLIENT, &send, "sqs:order-events", Way::Async);
        let receive = [("messaging.system", "aws.sqs".into()), ("messaging.destination.name", "order-events".into())];
        check_remote(Kind::CONSUMER, &receive, "sqs:order-events", Way::Poll);
    }

    #[test]
    fn an_old_peer_name_loses_its_port() {
        check_remote(
            Kind::CLIENT,
            &[("net.peer.name", "api.example.com:8443".into())],
            "external:api.example.com",
            Way::Sync,
        );
        check_remote(
            Kind::CLIENT,
            &[("http.url", "https://u:p@api.example.com/x?y".into())],
            "external:api.example.com",
            Way::Sync,
        );
    }

    #[test]
    fn old_and_new_http_names_give_the_same_facts() {
        let old = span(
            Kind::SERVER,
            &[("http.method", "GET".into()), ("http.status_code", Value::Int(404)), ("http.target", "/a?b=1".into())],
        );
        let new = span(
            Kind::SERVER,
            &[
                ("http.request.method", "GET".into()),
                ("http.response.status_code", Value::Int(404)),
                ("url.path", "/a".into()),
            ],
        );
        let resource = Resource::default();
        let [old, new] = [&old, &new].map(|span| span_facts(span, &resource));
        assert_eq!(old, new);
        assert_eq!((old.outcome, old.url_path), (Outcome::Error, Some("/a")));
    }

    #[test]
    fn the_old_invocation_id_is_understood() {
        told(Kind::SERVER, &[("faas.execution", "8f50".into())], |facts| assert_eq!(facts.invocation_id, Some("8f50")));
    }
}
