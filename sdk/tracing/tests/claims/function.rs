//! A function under `coldlight::lambda::run`, in a process of its own, against Lambda's Runtime API and a collector.

use std::time::Duration;

use crate::receiver::{Receiver, attribute, check, hex};
use crate::runtime_api::Function;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::{Value, json};

const W3C: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const XRAY: &str = "Root=1-65e1a2b0-0123456789abcdef01234567;Parent=d68f0a1b2c3d4e5f;Sampled=1";
const ERROR: i32 = 2;

#[tracing::instrument]
async fn look_up(order: i64) {
    tokio::task::yield_now().await;
}

async fn handler(event: LambdaEvent<Value>) -> Result<Value, Error> {
    look_up(42).await;
    match event.payload["do"].as_str() {
        Some("fail") => Err("no stock".into()),
        Some("panic") => panic!("out of paper"),
        _ => Ok(event.payload["answer"].clone()),
    }
}

async fn picky(_: LambdaEvent<u8>) -> Result<(), Error> {
    Ok(())
}

/// Which function this process is, when a test started it as one.
fn am_i(name: &str) -> bool {
    std::env::var("COLDLIGHT_TEST_FUNCTION").is_ok_and(|started| started == name)
}

#[tokio::test(flavor = "current_thread")]
async fn checkout() {
    if am_i("function::checkout") {
        let telemetry = coldlight::init();
        coldlight::lambda::run(&telemetry, service_fn(handler)).await.unwrap();
    }
}

#[tokio::test]
async fn picky_checkout() {
    if am_i("function::picky_checkout") {
        let telemetry = coldlight::init();
        coldlight::lambda::run(&telemetry, service_fn(picky)).await.unwrap();
    }
}

/// A function that sends to this collector directly: no extension listens on its address.
async fn function(receiver: &Receiver, host: [u8; 4]) -> Function {
    Function::start("function::checkout", host.into(), &[("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.url())]).await
}

#[tokio::test]
async fn an_invocation_is_one_span_that_says_what_it_was() {
    let receiver = Receiver::start().await;
    let mut function = function(&receiver, [127, 98, 0, 1]).await;
    let outcome = function.invoke(json!({"answer": {"ok": true}}), &[("lambda-runtime-trace-id", XRAY)]).await;
    assert!(outcome.ok);
    assert_eq!(outcome.body, json!({"ok": true}));
    receiver.until(2).await;
    let span = receiver.span("checkout");
    assert_eq!(span.kind(), SpanKind::Server);
    assert_eq!(
        (hex(&span.trace_id), hex(&span.parent_span_id)),
        ("65e1a2b00123456789abcdef01234567".into(), "d68f0a1b2c3d4e5f".into())
    );
    check(
        &span,
        &[
            ("faas.invocation_id", "6f7f0961-0000-4000-8000-000000000001"),
            ("faas.coldstart", "true"),
            ("faas.trigger", "other"),
            ("cloud.resource_id", "arn:aws:lambda:eu-west-1:123456789012:function:checkout:7"),
            ("aws.lambda.invoked_arn", "arn:aws:lambda:eu-west-1:123456789012:function:checkout:live"),
            ("cloud.account.id", "123456789012"),
            ("coldlight.trigger.source", "custom"),
            ("http.response.status_code", ""),
        ],
    );
    assert!(attribute(&span.attributes, "coldlight.init_ms").unwrap().parse::<u64>().unwrap() < 20_000);
    let child = receiver.span("look_up");
    assert_eq!((child.trace_id, child.parent_span_id), (span.trace_id, span.span_id));

    function.invoke(json!({}), &[]).await;
    receiver.until(4).await;
    let second = &receiver.spans()[3];
    check(second, &[("faas.coldstart", "false"), ("coldlight.init_ms", "")]);
    assert!(second.parent_span_id.is_empty());
    let resource = receiver.received()[0].request.resource_spans[0].resource.clone().unwrap();
    assert_eq!(attribute(&resource.attributes, "faas.instance").as_deref(), Some("2026/03/01/[7]aa11"));
}

#[tokio::test]
async fn errors_panics_and_events_of_another_type_are_recorded() {
    let receiver = Receiver::start().await;
    let mut function = function(&receiver, [127, 98, 0, 2]).await;
    assert!(!function.invoke(json!({"do": "fail"}), &[]).await.ok);
    assert!(!function.invoke(json!({"do": "panic"}), &[]).await.ok);
    let mut picky = Function::start(
        "function::picky_checkout",
        [127, 98, 0, 3].into(),
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.url())],
    )
    .await;
    assert!(!picky.invoke(json!("text"), &[]).await.ok);
    receiver.until(5).await;
    let spans: Vec<_> = receiver.spans().into_iter().filter(|span| span.name == "checkout").collect();
    let said: Vec<String> = spans
        .iter()
        .map(|span| {
            assert_eq!(span.status.as_ref().unwrap().code, ERROR);
            assert_eq!(span.events[0].name, "exception");
            let kind = attribute(&span.attributes, "error.type").unwrap();
            format!("{kind}: {}", attribute(&span.events[0].attributes, "exception.message").unwrap())
        })
        .collect();
    assert!(said[0].ends_with(": no stock"), "{said:?}");
    assert_eq!(said[1], "panic: out of paper");
    assert!(said[2].starts_with("Deserialize: "), "{said:?}");
}

#[tokio::test]
async fn a_request_is_named_by_its_route_and_fails_by_its_status() {
    let receiver = Receiver::start().await;
    let mut function = function(&receiver, [127, 98, 0, 4]).await;
    let event = json!({
        "version": "2.0", "routeKey": "GET /orders/{id}", "rawPath": "/orders/42", "headers": {"traceparent": W3C},
        "requestContext": {"apiId": "a1", "stage": "$default", "domainName": "a1.execute-api.eu-west-1.amazonaws.com",
            "http": {"method": "GET", "path": "/orders/42"}},
        "answer": {"statusCode": 502, "body": "upstream"},
    });
    let outcome = function.invoke(event, &[("lambda-runtime-trace-id", XRAY)]).await;
    assert_eq!(outcome.body, json!({"statusCode": 502, "body": "upstream"}));
    receiver.until(2).await;
    let span = receiver.span("GET /orders/{id}");
    assert_eq!(hex(&span.parent_span_id), "b7ad6b7169203331");
    check(&span, &[("http.response.status_code", "502"), ("http.route", "/orders/{id}"), ("error.type", "502")]);
    assert_eq!(span.status.unwrap().code, ERROR);
}

#[tokio::test]
async fn a_batch_has_a_link_for_each_sender_and_counts_what_failed() {
    let receiver = Receiver::start().await;
    let mut function = function(&receiver, [127, 98, 0, 5]).await;
    let record = |id: &str, traceparent: &str| {
        json!({"messageId": id, "body": "{}", "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:orders",
            "attributes": {"SentTimestamp": "1772359200000"}, "messageAttributes": {"traceparent": {"stringValue": traceparent}}})
    };
    let records = [record("a", W3C), record("b", &W3C.replace("b7ad", "c8be")), record("c", W3C)];
    let answer = json!({"batchItemFailures": [{"itemIdentifier": "b"}]});
    function.invoke(json!({"Records": records, "answer": answer}), &[("lambda-runtime-trace-id", XRAY)]).await;
    receiver.until(2).await;
    let span = receiver.span("checkout");
    assert!(span.parent_span_id.is_empty());
    let links: Vec<String> = span.links.iter().map(|link| hex(&link.span_id)).collect();
    assert_eq!(links, ["b7ad6b7169203331", "c8be6b7169203331"]);
    check(
        &span,
        &[
            ("faas.trigger", "pubsub"),
            ("messaging.destination.name", "orders"),
            ("messaging.batch.message_count", "3"),
            ("coldlight.trigger.way", "poll"),
            ("coldlight.trigger.failures", "1"),
        ],
    );
}

#[tokio::test]
async fn the_caller_has_its_answer_before_spans_are_sent_and_the_next_event_waits_for_them() {
    let receiver = Receiver::start().await;
    let mut function = function(&receiver, [127, 98, 0, 6]).await;
    function.invoke(json!({}), &[]).await.after.await.unwrap();
    receiver.delay(Some(Duration::from_millis(400)));
    for count in 2..4 {
        let outcome = function.invoke(json!({}), &[]).await;
        assert!(outcome.waited < Duration::from_millis(300), "the caller waited {:?}", outcome.waited);
        let after = outcome.after.await.unwrap();
        assert!(after >= Duration::from_millis(400), "asked for the next event after {after:?}");
        assert_eq!(receiver.spans().len(), count * 2);
    }
}

#[tokio::test]
async fn a_collector_that_is_away_for_three_invocations_gets_their_spans_once_it_is_back() {
    let receiver = Receiver::start().await;
    let (address, mut function) = (receiver.address, function(&receiver, [127, 98, 0, 7]).await);
    drop(receiver);
    for _ in 0..3 {
        let outcome = function.invoke(json!({}), &[]).await;
        assert!(outcome.ok);
        assert!(outcome.after.await.unwrap() < Duration::from_secs(1), "a listener that is gone is known at once");
    }
    let receiver = Receiver::start_on(address).await;
    function.invoke(json!({}), &[]).await.after.await.unwrap();
    let ids: Vec<String> =
        receiver.spans().iter().filter_map(|span| attribute(&span.attributes, "faas.invocation_id")).collect();
    let expected: Vec<String> = (1..5).map(|count| format!("6f7f0961-0000-4000-8000-{count:012}")).collect();
    assert_eq!(ids, expected);
}

#[tokio::test]
async fn switched_off_a_function_answers_and_sends_nothing() {
    let receiver = Receiver::start().await;
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url()), ("OTEL_SDK_DISABLED", "true".to_owned())];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let mut function = Function::start("function::checkout", [127, 98, 0, 9].into(), &variables).await;
    let outcome = function.invoke(json!({"answer": "yes"}), &[("lambda-runtime-trace-id", XRAY)]).await;
    assert_eq!(outcome.body, json!("yes"));
    outcome.after.await.unwrap();
    assert!(receiver.spans().is_empty());
}

#[tokio::test]
async fn with_an_extension_beside_it_a_function_needs_no_setting() {
    let extension = Receiver::start_on("127.98.0.8:4318".parse().unwrap()).await;
    let mut function = Function::start("function::checkout", [127, 98, 0, 8].into(), &[]).await;
    let outcome = function.invoke(json!({}), &[]).await;
    outcome.after.await.unwrap();
    assert_eq!(extension.names(), ["look_up", "checkout"]);
}
