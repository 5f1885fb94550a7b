//! The shapes of events, in the order in which they must be asked: the first that fits is the source.
//!
//! A user's own JSON may have any field, so types are tested with names, and shape counts as well as value: the console's test
//! events carry invented ones. Sources: AWS's developer guides, sample events of SAM, and `aws_lambda_events`.

use serde_json::Value;

use crate::json::{field, first, has, path, text};
use crate::source::Source;

/// Who sent this event.
///
/// ```
/// use coldlight_triggers::{Source, recognise};
///
/// let event = serde_json::json!({"version": "0", "detail-type": "Scheduled Event", "source": "aws.events"});
/// assert_eq!(recognise(&event), Source::EventBridgeSchedule);
/// ```
pub fn recognise(event: &Value) -> Source {
    let found = match event {
        Value::Array(_) => of_record(first(event)).or_else(|| resolver_batch(first(event))),
        Value::Object(_) => of_record(first(field(event, "Records")))
            .or_else(|| streams(event))
            .or_else(|| requests(event))
            .or_else(|| storage_jobs(event))
            .or_else(|| event_bus(event))
            .or_else(|| identity_and_talk(event))
            .or_else(|| operations(event))
            .or_else(|| others(event)),
        _ => None,
    };
    found.unwrap_or(Source::Custom)
}

/// By one record, from `Records` or, through EventBridge Pipes, from a bare array.
fn of_record(record: &Value) -> Option<Source> {
    let source = text(record, &["eventSource"]).unwrap_or_default();
    let is = |name: &str, fits: bool, found: Source| (source == name || fits).then_some(found);
    let sns = text(record, &["EventSource"]) == Some("aws:sns") || field(record, "Sns").is_object();
    let message = field(record, "body").is_string() && field(record, "messageId").is_string();
    field(record, "cf")
        .is_object()
        .then_some(Source::CloudFront)
        .or_else(|| sns.then_some(Source::Sns))
        .or_else(|| is("aws:sqs", source.is_empty() && message, Source::Sqs))
        .or_else(|| is("aws:kinesis", field(record, "kinesis").is_object(), Source::Kinesis))
        .or_else(|| is("aws:dynamodb", field(record, "dynamodb").is_object(), Source::DynamoDb))
        .or_else(|| is("aws:s3", field(record, "s3").is_object(), Source::S3))
        .or_else(|| is("aws:ses", field(record, "ses").is_object(), Source::Ses))
        .or_else(|| is("aws:codecommit", field(record, "codecommit").is_object(), Source::CodeCommit))
        .or_else(|| kafka(source).then_some(Source::Kafka))
}

fn kafka(source: &str) -> bool {
    matches!(source, "aws:kafka" | "SelfManagedKafka")
}

/// Batches that are not called `Records`.
fn streams(event: &Value) -> Option<Source> {
    let source = text(event, &["eventSource"]).unwrap_or_default();
    if kafka(source) && field(event, "records").is_object() {
        return Some(Source::Kafka);
    }
    if source == "aws:rmq" || field(event, "rmqMessagesByQueue").is_object() {
        return Some(Source::RabbitMq);
    }
    if source == "aws:mq" || (field(event, "messages").is_array() && has(event, &["eventSourceArn"])) {
        return Some(Source::ActiveMq);
    }
    if source == "aws:docdb" && field(event, "events").is_array() {
        return Some(Source::DocumentDb);
    }
    if path(event, &["awslogs", "data"]).is_string() {
        return Some(Source::CloudWatchLogs);
    }
    // With an `applicationArn` it would be Kinesis Analytics.
    let transform = has(event, &["invocationId"]) && has(first(field(event, "records")), &["recordId"]);
    (transform && !has(event, &["applicationArn"])).then_some(Source::Firehose)
}

fn requests(event: &Value) -> Option<Source> {
    let context = field(event, "requestContext");
    if path(context, &["elb", "targetGroupArn"]).is_string() {
        return Some(Source::Alb);
    }
    let lattice = has(context, &["serviceNetworkArn"]) || has(context, &["serviceArn"]);
    if lattice || (field(event, "raw_path").is_string() && has(event, &["is_base64_encoded"])) {
        return Some(Source::VpcLattice);
    }
    let asks = matches!(text(event, &["type"]), Some("TOKEN" | "REQUEST"));
    if (asks && has(event, &["methodArn"])) || field(event, "routeArn").is_string() {
        return Some(Source::ApiGatewayAuthorizer);
    }
    let socket_event = matches!(text(context, &["eventType"]), Some("CONNECT" | "MESSAGE" | "DISCONNECT"));
    if field(context, "connectionId").is_string() && socket_event {
        return Some(Source::ApiGatewayWebSocket);
    }
    let domain = text(context, &["domainName"]).unwrap_or_default();
    let version = text(event, &["version"]);
    if version == Some("2.0") && field(context, "http").is_object() {
        return Some(if domain.contains(".lambda-url.") { Source::FunctionUrl } else { Source::ApiGatewayHttp });
    }
    if has(context, &["stage"]) && field(event, "httpMethod").is_string() && has(event, &["resource"]) {
        // SAM's emulation of a REST API has a version too.
        let local = domain.starts_with("127.0.0.1") || domain.starts_with("localhost");
        let http = version == Some("1.0") && !local;
        return Some(if http { Source::ApiGatewayHttp } else { Source::ApiGatewayRest });
    }
    None
}

fn storage_jobs(event: &Value) -> Option<Source> {
    // HEAD and LIST name their context differently.
    let object_request = ["getObjectContext", "headObjectContext", "listObjectsContext", "listObjectsV2Context"];
    if has(event, &["userRequest"]) && object_request.iter().any(|name| has(event, &[name])) {
        return Some(Source::S3ObjectLambda);
    }
    (has(event, &["invocationSchemaVersion"]) && field(event, "tasks").is_array()).then_some(Source::S3Batch)
}

fn event_bus(event: &Value) -> Option<Source> {
    let source = text(event, &["source"])?;
    if let Some(kind) = text(event, &["detail-type"]) {
        return Some(match source {
            "aws.scheduler" => Source::Scheduler,
            "aws.events" if kind == "Scheduled Event" => Source::EventBridgeSchedule,
            "aws.s3" => Source::EventBridgeS3,
            _ => Source::EventBridge,
        });
    }
    (source == "aws.cloudwatch" && has(event, &["alarmArn"])).then_some(Source::CloudWatchAlarm)
}

fn identity_and_talk(event: &Value) -> Option<Source> {
    if field(event, "triggerSource").is_string() && field(event, "userPoolId").is_string() {
        return Some(Source::Cognito);
    }
    if field(event, "identityPoolId").is_string() && has(event, &["datasetName"]) {
        return Some(Source::CognitoSync);
    }
    if field(event, "bot").is_object() {
        if has(event, &["sessionState"]) || field(event, "interpretations").is_array() {
            return Some(Source::LexV2);
        }
        if has(event, &["currentIntent"]) {
            return Some(Source::LexV1);
        }
    }
    if (has(event, &["session"]) || has(event, &["context", "System"])) && has(event, &["request", "type"]) {
        return Some(Source::Alexa);
    }
    let namespace =
        text(event, &["directive", "header", "namespace"]).or_else(|| text(event, &["header", "namespace"]));
    if namespace.is_some_and(|namespace| namespace.starts_with("Alexa")) {
        return Some(Source::AlexaSmartHome);
    }
    let flow = matches!(text(event, &["Name"]), Some("ContactFlowEvent" | "ContactFlowExecution"));
    (flow && has(event, &["Details", "ContactData"])).then_some(Source::Connect)
}

fn operations(event: &Value) -> Option<Source> {
    let stack = matches!(text(event, &["RequestType"]), Some("Create" | "Update" | "Delete"));
    if stack && has(event, &["StackId"]) {
        return Some(Source::CloudFormation);
    }
    // The dot is part of the name.
    if field(event, "CodePipeline.job").is_object() {
        return Some(Source::CodePipeline);
    }
    if (has(event, &["configRuleName"]) || has(event, &["configRuleArn"])) && has(event, &["invokingEvent"]) {
        return Some(Source::Config);
    }
    if ["SecretId", "Step", "ClientRequestToken"].iter().all(|name| field(event, name).is_string()) {
        return Some(Source::SecretsManager);
    }
    let agent = has(event, &["messageVersion"]) && has(event, &["agent"]);
    (agent && has(event, &["actionGroup"])).then_some(Source::BedrockAgent)
}

fn others(event: &Value) -> Option<Source> {
    if let Some(found) = resolver(event) {
        return Some(found);
    }
    if has(event, &["authorizationToken"]) && has(event, &["requestContext", "apiId"]) {
        return Some(Source::AppSyncAuthorizer);
    }
    if has(event, &["token"]) && (has(event, &["protocolData"]) || has(event, &["protocols"])) {
        return Some(Source::IotAuthorizer);
    }
    if field(event, "deviceInfo").is_object() || (has(event, &["serialNumber"]) && has(event, &["clickType"])) {
        return Some(Source::IotButton);
    }
    if has(event, &["requestContext"])
        && has(event, &["requestPayload"])
        && has(event, &["requestContext", "condition"])
    {
        return Some(Source::LambdaDestination);
    }
    if has(event, &["Execution", "Id"]) && has(event, &["StateMachine", "Id"]) {
        return Some(Source::StepFunctions);
    }
    (has(event, &["DeploymentId"]) && has(event, &["LifecycleEventHookExecutionId"])).then_some(Source::CodeDeploy)
}

fn resolver(event: &Value) -> Option<Source> {
    (has(event, &["info", "fieldName"]) && has(event, &["info", "parentTypeName"])).then_some(Source::AppSync)
}

/// AppSync's batch resolvers hand over an array of contexts.
fn resolver_batch(first: &Value) -> Option<Source> {
    resolver(first)
}
