//! The AWS SDK for Rust with our interceptor, up to the bytes it would send.

use std::sync::{Arc, Mutex};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::config::{BehaviorVersion, Config, Credentials, IdentityCache, Region, StalledStreamProtectionConfig};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use crate::receiver::{check, hex};
use crate::traced::traced;

const QUEUE: &str = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders";

/// Answers every request alike, and keeps the trace header and the authorization of the last one.
#[derive(Clone, Debug)]
struct Sqs {
    status: u16,
    body: &'static str,
    seen: Arc<Mutex<Option<(String, String)>>>,
}

impl HttpConnector for Sqs {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let header = |name: &str| request.headers().get(name).unwrap_or_default().to_owned();
        *self.seen.lock().unwrap() = Some((header("x-amzn-trace-id"), header("authorization")));
        let mut response = HttpResponse::new(self.status.try_into().unwrap(), SdkBody::from(self.body));
        response.headers_mut().insert("x-amzn-requestid", "c6af9ac6-7b61-11e6-9a41-93e8deadbeef");
        HttpConnectorFuture::ready(Ok(response))
    }
}

fn client(sqs: &Sqs) -> Client {
    let connector = SharedHttpConnector::new(sqs.clone());
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("AKIDEXAMPLE", "secret", None, None, "tests"))
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .identity_cache(IdentityCache::no_cache())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .interceptor(coldlight::aws::Interceptor::new())
        .build();
    Client::from_conf(config)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sent_message_names_its_queue_and_takes_the_trace_along() {
    let traced = traced();
    let sqs = Sqs {
        status: 200,
        body: r#"{"MessageId":"1","MD5OfMessageBody":"9dd4e461268c8034f5c8564e155c67a6"}"#,
        seen: Arc::default(),
    };
    client(&sqs).send_message().queue_url(QUEUE).message_body("x").send().await.unwrap();
    let span = traced.span("SQS.SendMessage");
    assert_eq!(span.kind(), SpanKind::Producer);
    check(
        &span,
        &[
            ("rpc.system", "aws-api"),
            ("rpc.service", "SQS"),
            ("rpc.method", "SendMessage"),
            ("cloud.region", "eu-west-1"),
            ("messaging.system", "aws_sqs"),
            ("messaging.destination.name", "orders"),
            ("aws.sqs.queue.url", QUEUE),
            ("server.address", "sqs.eu-west-1.amazonaws.com"),
            ("aws.request_id", "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"),
            ("http.response.status_code", "200"),
        ],
    );
    let (header, authorization) = sqs.seen.lock().unwrap().clone().unwrap();
    let trace = hex(&span.trace_id);
    let expected = format!("Root=1-{}-{};Parent={};Sampled=1", &trace[..8], &trace[8..], hex(&span.span_id));
    assert_eq!(header, expected);
    assert!(authorization.contains("SignedHeaders=") && !authorization.contains("x-amzn-trace-id"), "{authorization}");
    assert!(!format!("{span:?}").contains("AKID"), "keys are not recorded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_call_says_by_which_error() {
    let traced = traced();
    let body = r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no such queue"}"#;
    let sqs = Sqs { status: 400, body, seen: Arc::default() };
    client(&sqs).receive_message().queue_url(QUEUE).send().await.unwrap_err();
    let span = traced.span("SQS.ReceiveMessage");
    check(&span, &[("error.type", "QueueDoesNotExist"), ("messaging.operation.type", "receive")]);
    let status = span.status.unwrap();
    assert_eq!((status.code, status.message.as_str()), (2, "no such queue"));
}
