//! The other side of a call: which node of the map a span talks to or was called by, and who waits.

use crate::conventions::Lookup;
use crate::{Kind, Node, NodeKind, SpanFacts, Way};

/// An AWS service id as SDKs spell it, reduced to letters: `Step Functions`, `SFN`, `AmazonSQS` and so on.
fn aws_service(sent: &str) -> String {
    let plain: String = sent.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_ascii_lowercase();
    plain.strip_prefix("amazon").or_else(|| plain.strip_prefix("aws")).unwrap_or(&plain).to_owned()
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
pub(crate) fn target(at: &Lookup, facts: &SpanFacts) -> Option<Node> {
    if let Some(name) = facts.invoked_name {
        return Some(Node::new(NodeKind::Lambda, short_name(name)));
    }
    let is_aws = at.text(&["rpc.system.name", "rpc.system"]) == Some("aws-api");
    let service = facts.rpc_service;
    if let (true, Some(service)) = (is_aws, service) {
        return Some(aws_target(service, at));
    }
    if let (Some(system), Some(destination)) = (facts.messaging_system, facts.messaging_destination) {
        return Some(messaging_node(system, destination));
    }
    if let Some(system) = facts.db_system {
        let at_host = at.text(&["server.address", "net.peer.name"]).map(host);
        let name = at.text(&["db.namespace", "db.name"]).map(short_name).or(at_host).unwrap_or(system);
        return Some(match system {
            "aws.dynamodb" | "dynamodb" => Node::new(NodeKind::DynamoDb, facts.db_collection.unwrap_or("DynamoDB")),
            "redis" | "memcached" | "valkey" => Node::new(NodeKind::Cache, at_host.unwrap_or(system)),
            _ => Node::new(NodeKind::Database, name),
        });
    }
    if let Some(peer) = facts.peer_service {
        return Some(Node::new(NodeKind::External, peer));
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
pub(crate) fn source(at: &Lookup, facts: &SpanFacts) -> Option<Node> {
    if let (Some(system), Some(destination)) = (facts.messaging_system, facts.messaging_destination) {
        return Some(messaging_node(system, destination));
    }
    match facts.faas_trigger {
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
            let name = facts.document_collection.map(short_name)?;
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
pub(crate) fn way(kind: Kind, facts: &SpanFacts, at: &Lookup) -> Way {
    match kind {
        Kind::PRODUCER => Way::Async,
        Kind::CONSUMER => match facts.remote.as_ref().map(|node| node.kind) {
            Some(NodeKind::Sns | NodeKind::EventBridge) => Way::Async,
            _ => Way::Poll,
        },
        Kind::SERVER | Kind::INTERNAL => match facts.faas_trigger {
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
        Kind::CLIENT => match (facts.remote.as_ref().map(|node| node.kind), facts.rpc_method) {
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

/// The part after the last `/` or `:`: queue of a URL, topic of an ARN.
pub(crate) fn short_name(text: &str) -> &str {
    text.rsplit(['/', ':']).next().unwrap_or(text)
}

/// A host without its port: Python's old `net.peer.name` holds `host:port`.
pub(crate) fn host(text: &str) -> &str {
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
