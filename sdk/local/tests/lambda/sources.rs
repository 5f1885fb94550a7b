//! What invokes: a queue with failures, a function URL with plain and streamed answers, the Invoke API, retries.

use std::time::Duration;

use bytes::Bytes;
use coldlight_local::sources::asynchronous;
use coldlight_local::sources::gateway::Kind;
use coldlight_local::sources::http::{self, Route, Site};
use coldlight_local::sources::queue::{Counts, Message, Queue, Settings};
use coldlight_local::sources::schedule;
use coldlight_local::{Function, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::surroundings::{Watched, example, function};

#[tokio::test]
async fn a_queues_bad_messages_come_back_and_die_while_the_good_ones_pass() {
    let lambda = Watched::new(Function { concurrency: 2, ..function() }).await;
    let settings = Settings {
        batch_size: 4,
        visibility: Duration::from_millis(20),
        max_receives: Some(3),
        ..Settings::named("orders")
    };
    let queue = Queue::new(settings);
    for body in ["good", "bad", "good", "good", "good", "bad"] {
        queue.send(Message::from_line(body)).unwrap();
    }
    let batches = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&batches);
    let poller = tokio::spawn(queue.clone().run(lambda.fleet.clone(), move |count, complete| {
        seen.lock().unwrap().push((count, complete.result.is_ok()));
    }));
    queue.empty().await;
    assert_eq!(queue.counts(), Counts { visible: 0, in_flight: 0, dead: 2 });
    assert!(queue.dead().iter().all(|message| message.body == "bad"));
    let batches = batches.lock().unwrap().clone();
    assert_eq!(batches.iter().map(|(count, _)| count).sum::<usize>(), 4 + 2 * 3, "each bad one was tried three times");
    poller.abort();
}

#[tokio::test]
async fn a_fifo_queue_keeps_the_order_of_each_group_through_failures() {
    let lambda = Watched::new(Function { concurrency: 3, ..function() }).await;
    let settings = Settings {
        batch_size: 1,
        visibility: Duration::from_millis(20),
        max_receives: Some(2),
        ..Settings::named("orders.fifo")
    };
    let queue = Queue::new(settings);
    let line = |group: &str, body: &str, id: &str| {
        let attributes = json!({ "MessageGroupId": group, "MessageDeduplicationId": id });
        Message::from_line(&json!({ "body": body, "attributes": attributes }).to_string())
    };
    let sent = [("anna", "1"), ("ben", "1"), ("anna", "bad"), ("anna", "3"), ("ben", "2"), ("anna", "4"), ("ben", "3")];
    for (at, (group, body)) in sent.into_iter().enumerate() {
        queue.send(line(group, body, &at.to_string())).unwrap();
    }
    // Sent again within five minutes, it is the same message.
    let (first, again) = (queue.send(line("ben", "3", "6")).unwrap(), queue.send(line("ben", "3", "6")).unwrap());
    assert_eq!((first == again, queue.counts().visible), (true, 7));
    let refused = queue.send(Message::from_line("in no group")).unwrap_err().to_string();
    assert!(refused.contains("MessageGroupId"), "{refused}");

    let orders = std::sync::Arc::new(std::sync::Mutex::new(std::collections::BTreeMap::<String, Vec<String>>::new()));
    let seen = std::sync::Arc::clone(&orders);
    let poller = tokio::spawn(queue.clone().run(lambda.fleet.clone(), move |_, complete| {
        let answer: Value = serde_json::from_slice(complete.result.as_ref().unwrap()).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        for order in answer["orders"].as_array().unwrap() {
            seen.lock().unwrap().entry(text(&order["group"])).or_default().push(text(&order["body"]));
        }
    }));
    queue.empty().await;
    poller.abort();
    let orders = orders.lock().unwrap().clone();
    assert_eq!(orders["ben"], ["1", "2", "3"]);
    // The bad one is tried twice; what was sent behind it waits until it is dead.
    assert_eq!(orders["anna"], ["1", "bad", "bad", "3", "4"]);
    assert_eq!(queue.dead().iter().map(|message| message.body.as_str()).collect::<Vec<_>>(), ["bad"]);
}

#[tokio::test]
async fn asynchronous_retries_keep_their_request_id() {
    let lambda = Watched::new(function()).await;
    let pauses = [Duration::from_millis(1), Duration::from_millis(2)];
    let attempts = asynchronous::invoke(&lambda.fleet, Request::new(r#"{"do":"fail"}"#), &pauses).await.unwrap();
    assert_eq!(attempts.len(), 3);
    assert!(attempts.iter().all(|attempt| attempt.report.request_id == attempts[0].report.request_id));
    let well = asynchronous::invoke(&lambda.fleet, Request::new("{}"), &pauses).await.unwrap();
    assert_eq!(well.len(), 1);
}

#[tokio::test]
async fn a_rule_fires_at_its_rate() {
    let lambda = Watched::new(function()).await;
    let (fired, mut fires) = tokio::sync::mpsc::channel(8);
    let rule = schedule::run(
        lambda.fleet.clone(),
        "nightly".to_owned(),
        schedule::When::Every(Duration::from_millis(30)),
        None,
        move |all| {
            let answer: Value = serde_json::from_slice(all[0].result.as_ref().unwrap()).unwrap();
            let _ = fired.try_send(answer["got"].clone());
        },
    );
    let rule = tokio::spawn(rule);
    for _ in 0..3 {
        let event = fires.recv().await.unwrap();
        assert_eq!((&event["detail-type"], &event["source"]), (&json!("Scheduled Event"), &json!("aws.events")));
        assert_eq!(event["resources"][0], "arn:aws:events:us-east-1:123456789012:rule/nightly");
    }
    rule.abort();
}

/// A function URL for the program `name` of the examples; answers its address.
async fn url(name: &str) -> (Watched, String) {
    let command = vec![example(name).display().to_string()];
    let lambda = Watched::new(Function { command, ..function() }).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let route = Route { kind: Kind::FunctionUrl, method: None, path: "/".to_owned(), fleet: lambda.fleet.clone() };
    let functions = [("orders".to_owned(), lambda.fleet.clone())].into();
    tokio::spawn(http::serve(listener, Site { routes: vec![route], functions, ..Site::default() }));
    (lambda, format!("http://{address}"))
}

async fn post(url: &str, headers: &[(&str, &str)], body: &str) -> (u16, hyper::HeaderMap, String) {
    let mut request = hyper::Request::post(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let client = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.request(request.body(Full::<Bytes>::new(body.to_owned().into())).unwrap()).await.unwrap();
    let (head, body) = answer.into_parts();
    let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    (head.status.as_u16(), head.headers, text)
}

#[tokio::test]
async fn a_function_url_serves_what_the_function_answers() {
    let (lambda, url) = url("function").await;
    let (status, headers, body) = post(&format!("{url}/orders?x=1"), &[("x-a", "b")], "hello").await;
    assert_eq!((status, headers["content-type"].to_str().unwrap()), (200, "application/json"));
    let got = &serde_json::from_str::<Value>(&body).unwrap()["got"];
    assert_eq!(
        (&got["rawPath"], &got["body"], &got["headers"]["x-a"]),
        (&json!("/orders"), &json!("hello"), &json!("b"))
    );
    assert_eq!(got["queryStringParameters"]["x"], "1");
    lambda.line(&["REPORT"]).await;
}

#[tokio::test]
async fn the_invoke_api_answers_as_an_sdk_expects() {
    let (_lambda, url) = url("function").await;
    let invoke = format!("{url}/2015-03-31/functions/orders/invocations");
    let (status, headers, body) = post(&invoke, &[], r#"{"order":7}"#).await;
    assert_eq!((status, headers.contains_key("x-amz-function-error")), (200, false));
    assert!(body.contains("\"order\":7"), "{body}");
    let (status, headers, body) = post(&invoke, &[], r#"{"do":"fail"}"#).await;
    assert_eq!((status, headers["x-amz-function-error"].to_str().unwrap()), (200, "Unhandled"));
    assert!(body.contains("cannot be fulfilled"), "{body}");
    assert_eq!(post(&invoke, &[("x-amz-invocation-type", "Event")], "{}").await.0, 202);
    let (status, headers, _) = post(&invoke.replace("orders", "nothing"), &[], "{}").await;
    assert_eq!((status, headers["x-amzn-errortype"].to_str().unwrap()), (404, "ResourceNotFoundException"));
}

#[tokio::test]
async fn a_streamed_answer_has_its_own_status_and_arrives_in_pieces() {
    let (lambda, url) = url("stream").await;
    let (status, headers, body) = post(&url, &[], "").await;
    assert_eq!((status, headers["x-order"].to_str().unwrap()), (201, "7"));
    assert_eq!(body, "one two three");
    let report = lambda.line(&["REPORT"]).await;
    assert!(!report.contains("Status"), "{report}");
}
