//! DynamoDB, SQS, S3 and Polly, each as far as an example needs it.

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry::{Array, KeyValue, StringValue, Value as Attribute};
use serde_json::{Value, json};

use crate::call::Call;
use crate::stand_in::StandIn;

/// SQS takes so many messages at once.
const BATCH: usize = 10;

/// Why a call failed: the service's own code, such as `ProvisionedThroughputExceededException`, and its message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct AwsError {
    pub code: String,
    pub message: String,
}

/// A client of all of them. Clones share connections, and the stand-in.
#[derive(Clone)]
pub struct Aws {
    region: String,
    http: Client<HttpConnector, Full<Bytes>>,
    stand_in: StandIn,
}

impl Aws {
    /// From `AWS_REGION`, `AWS_ENDPOINT_URL` and, per service, `AWS_ENDPOINT_URL_DYNAMODB` and its kin.
    pub fn from_env() -> Self {
        Self {
            region: std::env::var("AWS_REGION").unwrap_or_else(|_| "us-east-1".to_owned()),
            http: Client::builder(TokioExecutor::new()).build_http(),
            stand_in: StandIn::from_env(),
        }
    }

    /// `request` is the operation's, without its `TableName`; answers what DynamoDB answers.
    pub async fn dynamodb(&self, operation: &'static str, table: &str, mut request: Value) -> Result<Value, AwsError> {
        let tables = Attribute::Array(Array::String(vec![StringValue::from(table.to_owned())]));
        let about = vec![
            KeyValue::new("db.system.name", "aws.dynamodb"),
            KeyValue::new("db.operation.name", operation),
            KeyValue::new("db.collection.name", table.to_owned()),
            KeyValue::new("aws.dynamodb.table_names", tables),
        ];
        request["TableName"] = json!(table);
        let call = Call::begin("DynamoDB", operation, &self.region, about);
        let target = format!("DynamoDB_20120810.{operation}");
        let headers = [(header::CONTENT_TYPE.as_str(), "application/x-amz-json-1.0"), ("x-amz-target", &target)];
        let answer = self.exchange(&call, ("DynamoDB", operation), "/", &headers, request.to_string().into()).await?;
        json_of(&answer)
    }

    /// Sends each of `bodies` as a message of its own, ten at a time. The trace travels in each message's `AWSTraceHeader`.
    pub async fn send_messages(&self, queue_url: &str, bodies: &[String]) -> Result<(), AwsError> {
        for some in bodies.chunks(BATCH) {
            let about = vec![
                KeyValue::new("messaging.system", "aws_sqs"),
                KeyValue::new("messaging.destination.name", last_part(queue_url).to_owned()),
                KeyValue::new("messaging.operation.name", "SendMessageBatch"),
                KeyValue::new("messaging.operation.type", "send"),
                KeyValue::new("messaging.batch.message_count", some.len() as i64),
                KeyValue::new("aws.sqs.queue.url", queue_url.to_owned()),
            ];
            let call = Call::begin("SQS", "SendMessageBatch", &self.region, about);
            let traced = call.headers();
            let trace = traced.get("x-amzn-trace-id").and_then(|value| value.to_str().ok());
            let system = match trace {
                Some(trace) => json!({ "AWSTraceHeader": { "DataType": "String", "StringValue": trace } }),
                None => json!({}),
            };
            let entry = |(at, body): (usize, &String)| json!({ "Id": at.to_string(), "MessageBody": body, "MessageSystemAttributes": system });
            let entries: Vec<Value> = some.iter().enumerate().map(entry).collect();
            let request = json!({ "QueueUrl": queue_url, "Entries": entries });
            let headers = [
                (header::CONTENT_TYPE.as_str(), "application/x-amz-json-1.0"),
                ("x-amz-target", "AmazonSQS.SendMessageBatch"),
            ];
            let sent = self.exchange(&call, ("SQS", "SendMessageBatch"), "/", &headers, request.to_string().into());
            let answer = json_of(&sent.await?)?;
            if let Some(failed) = answer["Failed"].as_array().and_then(|failed| failed.first()) {
                let text = |name: &str| failed[name].as_str().unwrap_or_default().to_owned();
                return Err(AwsError { code: text("Code"), message: text("Message") });
            }
        }
        Ok(())
    }

    /// The whole object, in memory.
    pub async fn get_object(&self, bucket: &str, key: &str) -> Result<Bytes, AwsError> {
        let call = Call::begin("S3", "GetObject", &self.region, object(bucket, key));
        self.exchange(&call, ("S3", "GetObject"), &format!("/{bucket}/{key}"), &[], Bytes::new()).await
    }

    pub async fn put_object(&self, bucket: &str, key: &str, kind: &str, body: Bytes) -> Result<(), AwsError> {
        let call = Call::begin("S3", "PutObject", &self.region, object(bucket, key));
        let headers = [(header::CONTENT_TYPE.as_str(), kind)];
        self.exchange(&call, ("S3", "PutObject"), &format!("/{bucket}/{key}"), &headers, body).await.map(|_| ())
    }

    /// Polly reads `text` aloud: an mp3.
    pub async fn speech(&self, text: &str) -> Result<Bytes, AwsError> {
        let about = vec![KeyValue::new("app.speech.characters", text.chars().count() as i64)];
        let call = Call::begin("Polly", "SynthesizeSpeech", &self.region, about);
        let request = json!({ "OutputFormat": "mp3", "VoiceId": "Joanna", "Text": text });
        let headers = [(header::CONTENT_TYPE.as_str(), "application/json")];
        self.exchange(&call, ("Polly", "SynthesizeSpeech"), "/v1/speech", &headers, request.to_string().into()).await
    }

    async fn exchange(
        &self,
        call: &Call,
        (service, operation): (&'static str, &'static str),
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Bytes, AwsError> {
        let (status, answer) = match endpoint(service) {
            None => self.stand_in.answer(service, operation, path, &body).await,
            Some(endpoint) => {
                let method = match operation {
                    "GetObject" => Method::GET,
                    "PutObject" => Method::PUT,
                    _ => Method::POST,
                };
                let mut request =
                    Request::builder().method(method).uri(format!("{}{path}", endpoint.trim_end_matches('/')));
                for (name, value) in headers {
                    request = request.header(*name, *value);
                }
                let sent = async {
                    let mut request = request.body(Full::new(body)).map_err(|why| why.to_string())?;
                    request.headers_mut().extend(call.headers());
                    let answer = self.http.request(request).await.map_err(|why| chain(&why))?;
                    let status = answer.status().as_u16();
                    let body = answer.into_body().collect().await.map_err(|why| chain(&why))?;
                    Ok::<_, String>((status, body.to_bytes()))
                };
                sent.await.map_err(|message| {
                    let error = AwsError { code: "NoAnswer".to_owned(), message: format!("{endpoint}: {message}") };
                    call.answered(0, Err(&error));
                    error
                })?
            }
        };
        if status < 400 {
            call.answered(status, Ok(()));
            return Ok(answer);
        }
        let said: Value = serde_json::from_slice(&answer).unwrap_or_default();
        let code = said["__type"].as_str().and_then(|kind| kind.rsplit('#').next());
        let message = said["message"].as_str().unwrap_or_default().to_owned();
        let error = AwsError { code: code.map_or_else(|| status.to_string(), str::to_owned), message };
        call.answered(status, Err(&error));
        Err(error)
    }
}

fn object(bucket: &str, key: &str) -> Vec<KeyValue> {
    vec![KeyValue::new("aws.s3.bucket", bucket.to_owned()), KeyValue::new("aws.s3.key", key.to_owned())]
}

/// As AWS's SDKs look for it.
fn endpoint(service: &str) -> Option<String> {
    let own = std::env::var(format!("AWS_ENDPOINT_URL_{}", service.to_uppercase()));
    own.or_else(|_| std::env::var("AWS_ENDPOINT_URL")).ok().filter(|url| !url.is_empty())
}

fn json_of(answer: &Bytes) -> Result<Value, AwsError> {
    let unreadable = |why: serde_json::Error| AwsError { code: "NotJson".to_owned(), message: why.to_string() };
    if answer.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(answer).map_err(unreadable) }
}

fn last_part(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

/// An error and its sources.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(&format!(": {inner}"));
        source = inner.source();
    }
    text
}
