//! Typed facts of a span: the promoted columns of the `spans` table, and which node of the map it talks to.
//!
//! Pure: the same span and resource give the same facts. Old and new names of the conventions mean the same.

use crate::conventions::{Lookup, arn_part, memory_mb};
use crate::{Kind, Node, NodeKind, Outcome, Resource, Span, Value, Way};

/// Everything our own questions need of a span besides its fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpanFacts {
    pub outcome: Outcome,
    /// The other side of a call: the target of a CLIENT or PRODUCER span, the source of a SERVER or CONSUMER span.
    pub remote: Option<Node>,
    pub way: Way,
    pub http_method: Option<String>,
    pub http_route: Option<String>,
    pub http_status: Option<u16>,
    pub url_path: Option<String>,
    pub url_full: Option<String>,
    pub error_type: Option<String>,
    pub rpc_service: Option<String>,
    pub rpc_method: Option<String>,
    pub db_system: Option<String>,
    pub db_operation: Option<String>,
    pub db_collection: Option<String>,
    pub db_query: Option<String>,
    pub messaging_system: Option<String>,
    pub messaging_destination: Option<String>,
    pub messaging_operation: Option<String>,
    /// Messages or records in a batch.
    pub records: Option<i64>,
    pub server_address: Option<String>,
    pub peer_service: Option<String>,
    pub aws_request_id: Option<String>,
    /// The function's request id; on asynchronous retries the same again.
    pub invocation_id: Option<String>,
    pub faas_trigger: Option<String>,
    pub cold_start: Option<bool>,
    pub function: Option<String>,
    /// Without alias where the sender kept to the conventions.
    pub function_arn: Option<String>,
    pub invoked_arn: Option<String>,
    pub function_version: Option<String>,
    pub function_instance: Option<String>,
    pub memory_mb: Option<i64>,
    /// The function a CLIENT span invokes.
    pub invoked_name: Option<String>,
    pub document_collection: Option<String>,
    pub document_operation: Option<String>,
    pub document_name: Option<String>,
    pub tenant: Option<String>,
    pub cloud_account_id: Option<String>,
    pub cloud_region: Option<String>,
}

/// The part after the last `/` or `:`: queue of a URL, topic of an ARN.
fn short_name(text: &str) -> &str {
    text.rsplit(['/', ':']).next().unwrap_or(text)
}

/// A host without its port: Python's old `net.peer.name` holds `host:port`.
fn host(text: &str) -> &str {
    match text.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => text,
    }
}

/// The host of a URL.
fn url_host(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    let authority = rest.split(['/', '?', '#']).next()?;
    Some(host(authority.rsplit('@').next()?)).filter(|name| !name.is_empty())
}

/// The path of a URL or of an old `http.target`, without its query.
fn path(text: &str) -> &str {
    let rest = match text.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => text,
    };
    rest.split(['?', '#']).next().unwrap_or(rest)
}

/// An AWS service id as SDKs spell it, reduced to letters: `Step Functions`, `SFN`, `AmazonSQS` and so on.
fn aws_service(sent: &str) -> String {
    let plain: String = sent.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_ascii_lowercase();
    let plain = plain.strip_prefix("amazon").or_else(|| plain.strip_prefix("aws")).unwrap_or(&plain).to_owned();
    plain
}

/// The node of a queue, topic or stream by its system's name, old spellings included.
fn messaging_node(system: &str, destination: &str) -> Node {
    let kind = match system.to_ascii_lowercase().replace('.', "_").as_str() {
        "aws_sqs" | "amazonsqs" => NodeKind::Sqs,
        "aws_sns" | "amazonsns" => NodeKind::Sns,
        "aws_kinesis" => NodeKind::Kinesis,
        "aws_eventbridge" | "eventbridge" => NodeKind::EventBridge,
        "aws_s3" => NodeKind::S3,
        "aws_dynamodb" => NodeKind::DynamoDb,
        _ => NodeKind::Messaging,
    };
    Node::new(kind, short_name(destination))
}

/// The target of a call made through an AWS SDK: the service's resource where the span names it, else the service.
fn aws_target(service: &str, at: &Lookup) -> Node {
    let named = |kind: NodeKind, names: &[&str]| {
        let name = at.text(names).map(short_name).unwrap_or(kind.label());
        Node::new(kind, name)
    };
    match aws_service(service).as_str() {
        "dynamodb" => named(NodeKind::DynamoDb, &["aws.dynamodb.table_names", "db.collection.name", "aws.table.name"]),
        "s3" => named(NodeKind::S3, &["aws.s3.bucket"]),
        "sqs" => named(
            NodeKind::Sqs,
            &[
                "aws.sqs.queue.url",
                "aws.queue_url",
                "messaging.destination.name",
                "messaging.destination",
                "messaging.url",
            ],
        ),
        "sns" => named(NodeKind::Sns, &["aws.sns.topic.arn", "messaging.destination.name", "messaging.destination"]),
        "kinesis" => named(NodeKind::Kinesis, &["aws.kinesis.stream_name", "aws.kinesis.stream.name"]),
        "eventbridge" | "cloudwatchevents" => {
            named(NodeKind::EventBridge, &["aws.eventbridge.bus", "messaging.destination.name"])
        }
        "sfn" | "stepfunctions" => named(
            NodeKind::StepFunctions,
            &["aws.step_functions.state_machine.arn", "aws.stepfunctions.state_machine.arn"],
        ),
        "lambda" => match at.text(&["faas.invoked_name", "aws.lambda.function_name"]) {
            Some(name) => Node::new(NodeKind::Lambda, short_name(name)),
            None => Node::new(NodeKind::Aws, "Lambda"),
        },
        _ => Node::new(NodeKind::Aws, service),
    }
}

/// The other side of a CLIENT or PRODUCER span.
fn target(at: &Lookup, facts: &SpanFacts) -> Option<Node> {
    if let Some(name) = &facts.invoked_name {
        return Some(Node::new(NodeKind::Lambda, short_name(name)));
    }
    let is_aws = at.text(&["rpc.system.name", "rpc.system"]) == Some("aws-api");
    let service = facts.rpc_service.as_deref();
    if let (true, Some(service)) = (is_aws, service) {
        return Some(aws_target(service, at));
    }
    if let (Some(system), Some(destination)) = (&facts.messaging_system, &facts.messaging_destination) {
        return Some(messaging_node(system, destination));
    }
    if let Some(system) = facts.db_system.as_deref() {
        let at_host = at.text(&["server.address", "net.peer.name"]).map(host);
        let name = at.text(&["db.namespace", "db.name"]).map(short_name).or(at_host).unwrap_or(system);
        return Some(match system {
            "aws.dynamodb" | "dynamodb" => {
                Node::new(NodeKind::DynamoDb, facts.db_collection.as_deref().unwrap_or("DynamoDB"))
            }
            "redis" | "memcached" | "valkey" => Node::new(NodeKind::Cache, at_host.unwrap_or(system)),
            _ => Node::new(NodeKind::Database, name),
        });
    }
    if let Some(peer) = &facts.peer_service {
        return Some(Node::new(NodeKind::External, peer.clone()));
    }
    let url = at.text(&["url.full", "http.url"]).and_then(url_host);
    let name = at
        .text(&["server.address", "net.peer.name", "http.host"])
        .map(host)
        .or(url)
        .or_else(|| at.text(&["network.peer.address", "net.peer.ip", "net.sock.peer.addr"]))?;
    Some(Node::new(NodeKind::External, name))
}

/// Where an invocation or a request came from, as far as its own attributes tell.
fn source(at: &Lookup, facts: &SpanFacts) -> Option<Node> {
    if let (Some(system), Some(destination)) = (&facts.messaging_system, &facts.messaging_destination) {
        return Some(messaging_node(system, destination));
    }
    match facts.faas_trigger.as_deref() {
        Some("http") => {
            let domain = at.text(&["server.address", "http.host", "net.host.name", "http.server_name"]).map(host)?;
            let kind = if domain.contains(".lambda-url.") {
                NodeKind::FunctionUrl
            } else if domain.contains(".execute-api.") {
                NodeKind::ApiGateway
            } else if domain.contains(".elb.amazonaws.com") {
                NodeKind::Alb
            } else {
                return None;
            };
            Some(Node::new(kind, domain.split('.').next().unwrap_or(domain)))
        }
        Some("datasource") => {
            let name = facts.document_collection.as_deref().map(short_name)?;
            let kind = match at.text(&["aws.s3.bucket", "faas.document.name"]) {
                Some(_) => NodeKind::S3,
                None => NodeKind::DynamoDb,
            };
            Some(Node::new(kind, name))
        }
        Some("timer") => Some(Node::new(NodeKind::Scheduler, at.text(&["faas.cron"]).unwrap_or("schedule"))),
        _ => None,
    }
}

/// Who waits: decided by the span's kind and the system it names.
fn way(kind: Kind, facts: &SpanFacts, at: &Lookup) -> Way {
    match kind {
        Kind::PRODUCER => Way::Async,
        Kind::CONSUMER => match facts.remote.as_ref().map(|node| node.kind) {
            Some(NodeKind::Sns | NodeKind::EventBridge) => Way::Async,
            _ => Way::Poll,
        },
        Kind::SERVER | Kind::INTERNAL => match facts.faas_trigger.as_deref() {
            Some("pubsub") => match facts.remote.as_ref().map(|node| node.kind) {
                Some(NodeKind::Sqs | NodeKind::Kinesis | NodeKind::Messaging) => Way::Poll,
                _ => Way::Async,
            },
            Some("timer") => Way::Async,
            Some("datasource") => match facts.remote.as_ref().map(|node| node.kind) {
                Some(NodeKind::S3) => Way::Async,
                _ => Way::Poll,
            },
            _ => Way::Sync,
        },
        // An AWS call that only hands something over: the answer says "taken", not "done".
        Kind::CLIENT => match (facts.remote.as_ref().map(|node| node.kind), facts.rpc_method.as_deref()) {
            (Some(NodeKind::Sqs), Some(method)) if method.starts_with("SendMessage") => Way::Async,
            (Some(NodeKind::Sns), Some(method)) if method.starts_with("Publish") => Way::Async,
            (Some(NodeKind::EventBridge), Some("PutEvents")) => Way::Async,
            (Some(NodeKind::Kinesis), Some("PutRecord" | "PutRecords")) => Way::Async,
            (Some(NodeKind::StepFunctions), Some("StartExecution")) => Way::Async,
            (Some(NodeKind::Lambda), _)
                if at.text(&["aws.lambda.invocation_type", "faas.invocation_type"]) == Some("Event") =>
            {
                Way::Async
            }
            _ => Way::Sync,
        },
        _ => Way::Sync,
    }
}

/// Facts of `span`, whose resource is `resource`.
pub fn span_facts(span: &Span, resource: &Resource) -> SpanFacts {
    let sets = [&span.attributes];
    let at = Lookup(&sets);
    let both = [&span.attributes, &resource.attributes];
    let anywhere = Lookup(&both);
    let target_text = at.text(&["url.path", "http.target"]);
    let url_full = at.owned(&["url.full", "http.url"]);
    let rpc_sent = at.text(&["rpc.method"]);
    // The new form holds service and operation in one: `DynamoDB/PutItem`.
    let rpc_split = rpc_sent.and_then(|method| method.rsplit_once(['/', '.']));
    let error_type = at
        .owned(&["error.type", "aws.error.code", "exception.type"])
        .or_else(|| exception_type(span))
        .filter(|kind| !kind.is_empty());
    let http_status = at
        .int(&["http.response.status_code", "http.status_code"])
        .and_then(|status| u16::try_from(status).ok())
        .filter(|status| *status >= 100);
    let function_arn = anywhere.owned(&["cloud.resource_id", "faas.id"]).filter(|arn| arn.contains(":lambda:"));
    let mut facts = SpanFacts {
        outcome: Outcome::judge(span.status_code, http_status, error_type.as_deref()),
        http_method: at.owned(&["http.request.method", "http.method"]),
        http_route: at.owned(&["http.route"]),
        http_status,
        url_path: target_text.map(path).or(url_full.as_deref().map(path)).map(str::to_owned),
        rpc_service: at
            .owned(&["rpc.service"])
            .or_else(|| rpc_split.map(|(service, _)| short_name(service).to_owned())),
        rpc_method: rpc_split.map(|(_, method)| method).or(rpc_sent).map(str::to_owned),
        db_system: at.owned(&["db.system.name", "db.system"]),
        db_operation: at.owned(&["db.operation.name", "db.operation"]),
        db_collection: at.owned(&["db.collection.name", "aws.dynamodb.table_names", "db.sql.table"]),
        db_query: at.owned(&["db.query.text", "db.statement"]),
        messaging_system: at.owned(&["messaging.system"]),
        messaging_destination: at.owned(&["messaging.destination.name", "messaging.destination"]),
        messaging_operation: at.owned(&["messaging.operation.type", "messaging.operation.name", "messaging.operation"]),
        records: at.int(&["messaging.batch.message_count"]),
        server_address: at
            .text(&["server.address", "net.peer.name", "http.host", "net.host.name"])
            .map(host)
            .map(str::to_owned),
        peer_service: at.owned(&["service.peer.name", "peer.service"]),
        aws_request_id: at.owned(&["aws.request_id", "aws.request.id"]),
        invocation_id: at.owned(&["faas.invocation_id", "faas.execution"]),
        faas_trigger: at.owned(&["faas.trigger"]),
        cold_start: at.bool(&["faas.coldstart", "faas.cold_start"]),
        function: anywhere.owned(&["faas.name"]),
        invoked_arn: at.owned(&["aws.lambda.invoked_arn"]),
        function_version: anywhere.owned(&["faas.version"]),
        function_instance: anywhere.owned(&["faas.instance"]),
        memory_mb: anywhere.int(&["faas.max_memory"]).map(memory_mb),
        invoked_name: at.owned(&["faas.invoked_name"]),
        document_collection: at.owned(&["faas.document.collection"]),
        document_operation: at.owned(&["faas.document.operation"]),
        document_name: at.owned(&["faas.document.name"]),
        tenant: at.owned(&["aws.lambda.tenant_id", "tenant.id", "coldlight.tenant"]),
        cloud_account_id: anywhere
            .owned(&["cloud.account.id"])
            .or_else(|| function_arn.as_deref().and_then(|arn| arn_part(arn, 4))),
        cloud_region: anywhere
            .owned(&["cloud.region", "aws.region"])
            .or_else(|| function_arn.as_deref().and_then(|arn| arn_part(arn, 3))),
        function_arn,
        error_type,
        url_full,
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
    facts
}

/// The type of the last recorded exception.
fn exception_type(span: &Span) -> Option<String> {
    let exception = span.events.iter().rev().find(|event| event.name == "exception")?;
    exception.attributes.get("exception.type").and_then(Value::as_text).map(str::to_owned)
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

    fn facts(kind: Kind, pairs: &[(&str, Value)]) -> SpanFacts {
        span_facts(&span(kind, pairs), &Resource::default())
    }

    #[track_caller]
    fn check_remote(kind: Kind, pairs: &[(&str, Value)], expected: &str, way: Way) {
        let facts = facts(kind, pairs);
        assert_eq!(facts.remote.map(|node| node.id()).as_deref(), Some(expected));
        assert_eq!(facts.way, way);
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
        let old = facts(
            Kind::SERVER,
            &[("http.method", "GET".into()), ("http.status_code", Value::Int(404)), ("http.target", "/a?b=1".into())],
        );
        let new = facts(
            Kind::SERVER,
            &[
                ("http.request.method", "GET".into()),
                ("http.response.status_code", Value::Int(404)),
                ("url.path", "/a".into()),
            ],
        );
        assert_eq!(old, new);
        assert_eq!(old.outcome, Outcome::Error);
    }

    #[test]
    fn the_old_invocation_id_is_understood() {
        assert_eq!(facts(Kind::SERVER, &[("faas.execution", "8f50".into())]).invocation_id.as_deref(), Some("8f50"));
    }
}
