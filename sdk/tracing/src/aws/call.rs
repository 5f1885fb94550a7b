//! What a call is about, in the words of OpenTelemetry's conventions for AWS SDKs (v1.44).

use opentelemetry::trace::SpanKind;
use opentelemetry::{Array, KeyValue, StringValue, Value};

use super::request::Request;

/// Services as this file tells them apart, however the SDK spells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    DynamoDb,
    S3,
    Sqs,
    Sns,
    Kinesis,
    EventBridge,
    Lambda,
    StepFunctions,
    SecretsManager,
    Other,
}

impl Service {
    fn of(name: &str) -> Self {
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        match plain.as_str() {
            "dynamodb" | "dynamodbstreams" => Self::DynamoDb,
            "s3" => Self::S3,
            "sqs" => Self::Sqs,
            "sns" => Self::Sns,
            "kinesis" => Self::Kinesis,
            "eventbridge" | "cloudwatchevents" => Self::EventBridge,
            "lambda" => Self::Lambda,
            "sfn" | "stepfunctions" => Self::StepFunctions,
            "secretsmanager" => Self::SecretsManager,
            _ => Self::Other,
        }
    }
}

/// Messages that are sent have a producer; all else has a client.
pub(super) fn kind(service: &str, operation: &str) -> SpanKind {
    match Service::of(service) {
        Service::Sqs if operation.starts_with("SendMessage") => SpanKind::Producer,
        Service::Sns if operation.starts_with("Publish") => SpanKind::Producer,
        _ => SpanKind::Client,
    }
}

/// What the request names.
pub(super) fn attributes(service: &str, operation: &str, region: Option<&str>, request: &Request<'_>) -> Vec<KeyValue> {
    let mut all = Vec::new();
    let mut put = |name: &'static str, value: Option<Value>| all.extend(value.map(|value| KeyValue::new(name, value)));
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(|text| Value::from(text.to_owned()));
    let named = request.named();
    let authority = request.authority().unwrap_or_default();
    let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
    put("server.address", text(Some(host)));
    put("server.port", port.parse::<i64>().ok().map(Value::I64));
    match Service::of(service) {
        Service::DynamoDb => {
            let mut tables = named.tables.clone();
            tables.extend(named.text("TableName").map(table).map(str::to_owned));
            put("db.system.name", text(Some("aws.dynamodb")));
            put("db.operation.name", text(Some(operation)));
            put("db.collection.name", if let [one] = tables.as_slice() { text(Some(one)) } else { None });
            put("aws.dynamodb.table_names", (!tables.is_empty()).then(|| texts(tables)));
            put("aws.dynamodb.index_name", text(named.text("IndexName")));
        }
        Service::S3 => {
            let (bucket, key) = bucket_and_key(host, &request.path());
            put("aws.s3.bucket", text(bucket.as_deref()));
            put("aws.s3.key", text(key.as_deref()));
        }
        Service::Sqs => {
            let url = named.text("QueueUrl");
            put("messaging.system", text(Some("aws_sqs")));
            put("messaging.destination.name", text(url.map(last_part)));
            put("messaging.operation.name", text(Some(operation)));
            put("messaging.operation.type", text(messaging(operation)));
            put("aws.sqs.queue.url", text(url));
        }
        Service::Sns => {
            let topic = named.text("TopicArn").or_else(|| named.text("TargetArn"));
            put("messaging.system", text(Some("aws.sns")));
            put("messaging.destination.name", text(topic.map(last_part)));
            put("messaging.operation.name", text(Some(operation)));
            put("messaging.operation.type", text(messaging(operation)));
            put("aws.sns.topic.arn", text(topic));
        }
        Service::Kinesis => {
            let stream = named.text("StreamName").or_else(|| named.text("StreamARN").map(last_part));
            put("aws.kinesis.stream_name", text(stream));
        }
        Service::EventBridge => {
            let bus = named.bus.as_deref().or_else(|| named.text("EventBusName")).map(last_part);
            put("aws.eventbridge.bus", text(bus.or((operation == "PutEvents").then_some("default"))));
        }
        Service::Lambda => {
            // `/2015-03-31/functions/NAME/invocations`, where NAME may be an ARN
            let path = request.path();
            let function = path.iter().position(|part| part == "functions").and_then(|at| path.get(at + 1));
            put("faas.invoked_name", text(function.map(|name| function_name(name))));
            put("faas.invoked_provider", text(Some("aws")));
            put("faas.invoked_region", text(region));
            put("aws.lambda.invocation_type", text(request.invocation_type));
        }
        Service::StepFunctions => {
            put("aws.step_functions.state_machine.arn", text(named.text("stateMachineArn")));
            put("aws.step_functions.activity.arn", text(named.text("activityArn")));
        }
        Service::SecretsManager => {
            put("aws.secretsmanager.secret.arn", text(named.text("SecretId").filter(|id| id.starts_with("arn:"))));
        }
        Service::Other => {}
    }
    all
}

fn texts(texts: Vec<String>) -> Value {
    Value::Array(Array::String(texts.into_iter().map(StringValue::from).collect()))
}

fn last_part(name: &str) -> &str {
    name.rsplit(['/', ':']).next().unwrap_or(name)
}

/// A table may be named by its ARN, `arn:…:table/NAME`.
fn table(name: &str) -> &str {
    if name.starts_with("arn:") { name.split('/').nth(1).unwrap_or(name) } else { name }
}

/// `NAME`, `NAME:ALIAS`, `ACCOUNT:function:NAME`, or an ARN
fn function_name(name: &str) -> &str {
    let parts: Vec<&str> = name.split(':').collect();
    let after = parts.iter().position(|part| *part == "function").and_then(|at| parts.get(at + 1));
    after.copied().unwrap_or(parts[0])
}

fn messaging(operation: &str) -> Option<&'static str> {
    if operation.starts_with("Send") || operation.starts_with("Publish") {
        Some("send")
    } else if operation.starts_with("Receive") {
        Some("receive")
    } else if operation.starts_with("Delete") {
        Some("settle")
    } else {
        None
    }
}

/// A bucket stands before the host (`BUCKET.s3.REGION.amazonaws.com`) or at the head of the path.
fn bucket_and_key(host: &str, path: &[String]) -> (Option<String>, Option<String>) {
    let before = [".s3.", ".s3-", ".s3express-"].iter().filter_map(|mark| host.find(mark)).min();
    let (bucket, key) = match before {
        Some(end) => (Some(host[..end].to_owned()), path),
        None => (path.first().cloned(), path.get(1..).unwrap_or_default()),
    };
    (bucket, (!key.is_empty()).then(|| key.join("/")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn told(service: &str, operation: &str, uri: &str, body: &str) -> BTreeMap<String, String> {
        let request = Request { uri, body: Some(body.as_bytes()), invocation_type: None };
        let all = attributes(service, operation, Some("eu-west-1"), &request);
        all.into_iter().map(|pair| (pair.key.to_string(), pair.value.to_string())).collect()
    }

    #[track_caller]
    fn check(told: &BTreeMap<String, String>, expected: &[(&str, &str)]) {
        for (name, value) in expected {
            assert_eq!(told.get(*name).map(String::as_str), Some(*value), "{name} in {told:#?}");
        }
    }

    #[test]
    fn dynamodb_names_its_tables() {
        let uri = "https://dynamodb.eu-west-1.amazonaws.com/";
        let put = told("DynamoDB", "PutItem", uri, r#"{"TableName":"orders","Item":{"id":{"S":"42"}}}"#);
        check(&put, &[("db.system.name", "aws.dynamodb"), ("db.collection.name", "orders")]);
        check(
            &put,
            &[("aws.dynamodb.table_names", "[\"orders\"]"), ("server.address", "dynamodb.eu-west-1.amazonaws.com")],
        );
        let batch =
            told("DynamoDB", "BatchGetItem", uri, r#"{"RequestItems":{"orders":{"Keys":[]},"stock":{"Keys":[]}}}"#);
        check(&batch, &[("aws.dynamodb.table_names", "[\"orders\",\"stock\"]")]);
        assert!(!batch.contains_key("db.collection.name"));
        let arn = r#"{"TableName":"arn:aws:dynamodb:eu-west-1:123456789012:table/orders","IndexName":"by-day"}"#;
        check(
            &told("DynamoDB", "Query", uri, arn),
            &[("db.collection.name", "orders"), ("aws.dynamodb.index_name", "by-day")],
        );
    }

    #[test]
    fn s3_names_bucket_and_key_in_either_style() {
        let host = told("S3", "PutObject", "https://photos.s3.eu-west-1.amazonaws.com/in/a%20b.jpg?x-id=PutObject", "");
        check(&host, &[("aws.s3.bucket", "photos"), ("aws.s3.key", "in/a b.jpg")]);
        let dotted = told("S3", "GetObject", "https://my.photos.s3.amazonaws.com/a", "");
        check(&dotted, &[("aws.s3.bucket", "my.photos")]);
        let path = told("S3", "GetObject", "http://127.0.0.1:4566/photos/in/a.jpg", "");
        check(&path, &[("aws.s3.bucket", "photos"), ("aws.s3.key", "in/a.jpg"), ("server.port", "4566")]);
        assert!(!told("S3", "ListBuckets", "https://s3.eu-west-1.amazonaws.com/", "").contains_key("aws.s3.bucket"));
    }

    #[test]
    fn messages_name_their_queue_or_topic() {
        let body = r#"{"QueueUrl":"https://sqs.eu-west-1.amazonaws.com/123456789012/orders","MessageBody":"x"}"#;
        let send = told("SQS", "SendMessage", "https://sqs.eu-west-1.amazonaws.com/", body);
        check(&send, &[("messaging.system", "aws_sqs"), ("messaging.destination.name", "orders")]);
        check(&send, &[("messaging.operation.type", "send")]);
        let body =
            "Action=Publish&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A123456789012%3Anews&Message=a+b";
        let publish = told("SNS", "Publish", "https://sns.eu-west-1.amazonaws.com/", body);
        check(&publish, &[("messaging.destination.name", "news"), ("messaging.system", "aws.sns")]);
        assert_eq!(kind("SQS", "SendMessageBatch"), SpanKind::Producer);
        assert_eq!(kind("SQS", "ReceiveMessage"), SpanKind::Client);
        assert_eq!(kind("SNS", "Publish"), SpanKind::Producer);
    }

    #[test]
    fn others_name_what_they_call() {
        let uri = "https://example.amazonaws.com/";
        check(
            &told("Kinesis", "PutRecord", uri, r#"{"StreamName":"clicks"}"#),
            &[("aws.kinesis.stream_name", "clicks")],
        );
        let events = r#"{"Entries":[{"Source":"shop","EventBusName":"arn:aws:events:eu-west-1:1:event-bus/shop"}]}"#;
        check(&told("EventBridge", "PutEvents", uri, events), &[("aws.eventbridge.bus", "shop")]);
        check(&told("EventBridge", "PutEvents", uri, r#"{"Entries":[{}]}"#), &[("aws.eventbridge.bus", "default")]);
        let arn = "arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Aresize%3Alive";
        let invoke = told("Lambda", "Invoke", &format!("{uri}2015-03-31/functions/{arn}/invocations"), "{}");
        check(&invoke, &[("faas.invoked_name", "resize"), ("faas.invoked_region", "eu-west-1")]);
        let machine = r#"{"stateMachineArn":"arn:aws:states:eu-west-1:1:stateMachine:Checkout"}"#;
        let start = told("SFN", "StartExecution", uri, machine);
        check(&start, &[("aws.step_functions.state_machine.arn", "arn:aws:states:eu-west-1:1:stateMachine:Checkout")]);
        let secret = told("Secrets Manager", "GetSecretValue", uri, r#"{"SecretId":"plain-name"}"#);
        assert!(!secret.contains_key("aws.secretsmanager.secret.arn"));
    }

    #[test]
    fn a_long_or_broken_body_costs_no_more_than_its_head() {
        let long = format!(r#"{{"TableName":"orders","Item":{{"x":{{"S":"{}"}}}}}}"#, "y".repeat(1 << 20));
        check(&told("DynamoDB", "PutItem", "https://d/", &long), &[("db.collection.name", "orders")]);
        assert!(!told("DynamoDB", "PutItem", "https://d/", "{\"TableName\": 7").contains_key("db.collection.name"));
    }
}
