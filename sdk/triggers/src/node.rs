//! The node that a map draws for the sender: its type, its short name, and where it lives when the event tells.

use serde::Serialize;
use serde_json::Value;

use crate::json::{field, first, items, path, text};
use crate::records::{document_namespace, log_group};
use crate::source::Source;

/// A sender on the map. One key is (type, name, region, account): the queue that one function sends to and that calls another
/// is one node.
///
/// ```
/// let event = serde_json::json!({"Records": [{"eventSource": "aws:dynamodb", "dynamodb": {}, "eventSourceARN":
///     "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-03-01T00:00:00.000"}]});
/// let node = coldlight_triggers::explain(&event).node.unwrap();
/// assert_eq!((node.kind, node.name.as_str(), node.region.as_deref()), ("dynamodb", "orders", Some("eu-west-1")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Node {
    /// `sqs`, `apigateway`, …: see [`Source::node_type`].
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The short name.
    pub name: String,
    /// The whole name, where the event has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// `eu-west-1`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Twelve digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// `None` where the event names nobody.
pub(crate) fn node(event: &Value, source: Source) -> Option<Node> {
    let record = if event.is_array() { first(event) } else { first(field(event, "Records")) };
    let arn = |names: &[&str], name: fn(&str) -> &str| named(source, text(event, names)?, name);
    match source {
        Source::Sqs | Source::Kinesis | Source::CodeCommit => {
            let name = named(source, text(record, &["eventSourceARN"])?, last_part)?;
            Some(name)
        }
        Source::DynamoDb => named(source, text(record, &["eventSourceARN"])?, table),
        Source::Sns => named(source, text(record, &["Sns", "TopicArn"])?, last_part),
        Source::S3 => {
            let bucket = plain(source, text(record, &["s3", "bucket", "name"])?)?;
            Some(Node { region: owned(text(record, &["awsRegion"])), ..bucket })
        }
        Source::Ses => {
            let receipt = path(record, &["ses", "receipt", "recipients"]);
            plain(source, first(receipt).as_str()?.rsplit('@').next()?)
        }
        Source::CloudFront => plain(source, text(record, &["cf", "config", "distributionId"])?),
        Source::Kafka => plain(source, topic(event)?),
        Source::RabbitMq | Source::ActiveMq => broker(event, source),
        Source::DocumentDb => {
            let cluster = text(event, &["eventSourceArn"]).and_then(|arn| named(source, arn, last_part));
            match (cluster, document_namespace(event)) {
                (Some(cluster), Some((_, collection))) => {
                    Some(Node { name: format!("{}/{collection}", cluster.name), ..cluster })
                }
                (cluster, _) => cluster,
            }
        }
        Source::CloudWatchLogs => plain(source, &log_group(event)?),
        Source::Firehose => arn(&["deliveryStreamArn"], last_part),
        Source::Alb => arn(&["requestContext", "elb", "targetGroupArn"], target_group),
        Source::VpcLattice => match text(event, &["requestContext", "serviceArn"]) {
            Some(service) => named(source, service, last_part),
            None => plain(source, host(event)?),
        },
        Source::ApiGatewayAuthorizer => {
            let method = text(event, &["methodArn"]).or_else(|| text(event, &["routeArn"]))?;
            let api = named(source, method, |resource| resource.split('/').next().unwrap_or(resource))?;
            Some(Node { arn: None, ..api })
        }
        Source::FunctionUrl => within_account(event, plain(source, text(event, &["requestContext", "domainName"])?)?),
        Source::ApiGatewayRest | Source::ApiGatewayHttp | Source::ApiGatewayWebSocket => {
            let context = field(event, "requestContext");
            let api = text(context, &["apiId"]).filter(|api| !api.is_empty());
            let name = match (api, text(context, &["stage"])) {
                (Some(api), Some(stage)) => format!("{api}/{stage}"),
                _ => text(context, &["domainName"])?.to_owned(),
            };
            within_account(event, plain(source, &name)?)
        }
        Source::AppSync => {
            let one = if event.is_array() { first(event) } else { event };
            let (of, name) = (text(one, &["info", "parentTypeName"])?, text(one, &["info", "fieldName"])?);
            plain(source, &format!("{of}.{name}"))
        }
        Source::AppSyncAuthorizer => plain(source, text(event, &["requestContext", "apiId"])?),
        Source::S3ObjectLambda => arn(&["configuration", "accessPointArn"], last_part),
        Source::S3Batch => arn_of(source, text(first(field(event, "tasks")), &["s3BucketArn"]))
            .or_else(|| plain(source, text(first(field(event, "tasks")), &["s3Bucket"])?)),
        Source::EventBridgeSchedule => named(source, first(field(event, "resources")).as_str()?, last_part),
        Source::Scheduler => named(source, first(field(event, "resources")).as_str()?, last_part),
        Source::EventBridgeS3 => on_bus(event, plain(source, text(event, &["detail", "bucket", "name"])?)?),
        Source::EventBridge => on_bus(event, plain(source, text(event, &["source"])?)?),
        Source::CloudWatchAlarm => arn(&["alarmArn"], last_part),
        Source::Cognito => {
            let pool = plain(source, text(event, &["userPoolId"])?)?;
            let trigger = text(event, &["triggerSource"]).unwrap_or_default();
            Some(Node { name: format!("{}/{trigger}", pool.name), region: owned(text(event, &["region"])), ..pool })
        }
        Source::CognitoSync => plain(source, text(event, &["identityPoolId"])?),
        Source::LexV1 | Source::LexV2 => plain(source, text(event, &["bot", "name"])?),
        Source::Alexa => {
            let system = ["context", "System", "application", "applicationId"];
            plain(source, text(event, &system).or_else(|| text(event, &["session", "application", "applicationId"]))?)
        }
        Source::AlexaSmartHome => {
            let namespace = text(event, &["directive", "header", "namespace"]);
            plain(source, namespace.or_else(|| text(event, &["header", "namespace"]))?)
        }
        Source::Connect => arn(&["Details", "ContactData", "InstanceARN"], last_part),
        Source::CloudFormation => arn(&["StackId"], |resource| resource.split('/').nth(1).unwrap_or(resource)),
        Source::CodePipeline => {
            let job = path(event, &["CodePipeline.job", "data", "pipelineContext"]);
            plain(source, text(job, &["pipelineName"]).or_else(|| text(event, &["CodePipeline.job", "id"]))?)
        }
        Source::Config => match text(event, &["configRuleName"]) {
            Some(name) => plain(source, name),
            None => arn(&["configRuleArn"], last_part),
        },
        Source::SecretsManager => {
            let secret = text(event, &["SecretId"])?;
            if secret.starts_with("arn:") { named(source, secret, last_part) } else { plain(source, secret) }
        }
        Source::BedrockAgent => plain(source, text(event, &["agent", "name"])?),
        Source::LambdaDestination => arn(&["requestContext", "functionArn"], function),
        Source::StepFunctions => arn(&["StateMachine", "Id"], last_part),
        Source::CodeDeploy => plain(source, text(event, &["DeploymentId"])?),
        Source::IotButton => {
            let device = text(event, &["deviceInfo", "deviceId"]);
            plain(source, device.or_else(|| text(event, &["serialNumber"]))?)
        }
        Source::IotAuthorizer | Source::Custom => None,
    }
}

fn owned(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

fn plain(source: Source, name: &str) -> Option<Node> {
    let name = owned(Some(name))?;
    Some(Node { kind: source.node_type(), name, arn: None, region: None, account: None })
}

/// From `arn:partition:service:region:account:resource`, the name taken out of the resource.
fn named(source: Source, arn: &str, name: fn(&str) -> &str) -> Option<Node> {
    let mut parts = arn.splitn(6, ':');
    if parts.next() != Some("arn") {
        return plain(source, name(arn));
    }
    let (region, account, resource) = (parts.nth(2)?, parts.next()?, parts.next()?);
    let node = plain(source, name(resource))?;
    Some(Node { arn: owned(Some(arn)), region: owned(Some(region)), account: owned(Some(account)), ..node })
}

fn arn_of(source: Source, arn: Option<&str>) -> Option<Node> {
    named(source, arn?, last_part)
}

fn last_part(resource: &str) -> &str {
    resource.rsplit(['/', ':']).next().unwrap_or(resource)
}

/// `table/T/stream/…`
fn table(resource: &str) -> &str {
    resource.split('/').nth(1).unwrap_or(resource)
}

/// `targetgroup/checkout/6d0ecf831eec9f09`
fn target_group(resource: &str) -> &str {
    resource.split('/').nth(1).unwrap_or(resource)
}

/// `function:NAME:VERSION`
fn function(resource: &str) -> &str {
    resource.split(':').nth(1).unwrap_or(resource)
}

/// Kafka's parts are called `TOPIC-PARTITION`; each record has the topic alone.
fn topic(event: &Value) -> Option<&str> {
    if event.is_array() {
        return text(first(event), &["topic"]);
    }
    let (name, part) = field(event, "records").as_object()?.iter().next()?;
    let record = items(part).into_iter().next();
    record.and_then(|record| text(record, &["topic"])).or_else(|| name.rsplit_once('-').map(|(topic, _)| topic))
}

fn broker(event: &Value, source: Source) -> Option<Node> {
    let broker =
        named(source, text(event, &["eventSourceArn"])?, |resource| resource.split(':').nth(1).unwrap_or(resource))?;
    let queue = match source {
        // `queue::virtual host`
        Source::RabbitMq => {
            let queues = field(event, "rmqMessagesByQueue").as_object();
            queues.and_then(|queues| queues.keys().next()).and_then(|name| name.split("::").next())
        }
        _ => text(first(field(event, "messages")), &["destination", "physicalName"]),
    };
    Some(match queue {
        Some(queue) => Node { name: format!("{}/{queue}", broker.name), ..broker },
        None => broker,
    })
}

fn host(event: &Value) -> Option<&str> {
    crate::json::ignoring_case(field(event, "headers"), "host").and_then(crate::json::header_text)
}

fn within_account(event: &Value, node: Node) -> Option<Node> {
    Some(Node { account: owned(text(event, &["requestContext", "accountId"])), ..node })
}

fn on_bus(event: &Value, node: Node) -> Option<Node> {
    Some(Node { region: owned(text(event, &["region"])), account: owned(text(event, &["account"])), ..node })
}
