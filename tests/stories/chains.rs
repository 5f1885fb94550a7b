//! Chains that break at a queue, a topic and a bus, mended: a service under a stock SDK sends through each, and the function that is given
//! it is on the same trace or linked to it, with the time it waited.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

use coldlight_local::Function;
use coldlight_local::function::Tracing;
use coldlight_local::sources::bus::{Bus, Rule};
use coldlight_local::sources::handover::Target;
use coldlight_local::sources::http::{Site, serve};
use coldlight_local::sources::queue::{Queue, Settings};
use coldlight_local::sources::topic::Topic;
use coldlight_tests::functions::{Lambda, consumer, with_extension};
use coldlight_tests::{Coldlight, table, tools};
use serde_json::Value;
use tokio::net::TcpListener;

const WRITTEN: Duration = Duration::from_secs(30);

/// What the producer prints: the trace in which it sent through each.
async fn produce(coldlight: &Coldlight, endpoint: &str) -> Value {
    let mut python = Command::new(tools::instrument());
    python.arg(tools::python().get_program()).arg("producer.py");
    python.current_dir(tools::folder().join("python"));
    let collector = format!("http://{}", coldlight.otlp_http());
    python.envs([
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("OTEL_SERVICE_NAME", "shop"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.as_str()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_LOGS_EXPORTER", "none"),
    ]);
    let output = tokio::task::spawn_blocking(move || python.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// One row of the view `deliveries`.
#[derive(Debug)]
struct Delivery {
    trace: String,
    span: String,
    sender_trace: String,
    sender_span: String,
    joined_by: String,
    waited_ms: f64,
}

async fn delivery(coldlight: &Coldlight, through: &str) -> Delivery {
    let from = format!("deliveries WHERE service = 'consumer' AND sender = 'shop' AND through_kind = '{through}'");
    coldlight.until_count(&from, 1, WRITTEN).await;
    let question =
        format!("SELECT trace_id, span_id, sender_trace_id, sender_span_id, joined_by, waited_ms FROM {from}");
    let answer = coldlight.sql(&question).await;
    let mut texts = answer.rows[0].iter().map(table::text);
    let mut next = || texts.next().expect("six columns");
    let (trace, span, sender_trace, sender_span, joined_by) = (next(), next(), next(), next(), next());
    Delivery { trace, span, sender_trace, sender_span, joined_by, waited_ms: next().parse().expect("a number") }
}

/// The row of a span in `/api/v1/traces/{id}`.
async fn row(coldlight: &Coldlight, trace: &str, span: &str) -> Value {
    let trace = coldlight.get(&format!("/api/v1/traces/{trace}")).await.json();
    let spans = trace["spans"].as_array().expect("spans");
    spans.iter().find(|one| one["span_id"] == span).unwrap_or_else(|| panic!("{span} in {trace}")).clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_through_a_queue_a_topic_and_a_bus_stays_connected() {
    let coldlight = Coldlight::start().await;
    let command = vec![consumer().display().to_string()];
    let function = with_extension("consumer", command, &format!("http://{}", coldlight.otlp_http()));
    // With X-Ray's own segments between, which only X-Ray sees, the trace would be the same and the parent another.
    let lambda = Lambda::new(Function { tracing: Tracing::PassThrough, ..function }).await;
    let queue = Queue::new(Settings::named("orders"));
    let target = || vec![Target::function(lambda.fleet.clone())];
    let rule = Rule { sources: vec!["shop.orders".to_owned()], targets: target(), ..Rule::default() };
    let site = Site {
        queues: BTreeMap::from([("orders".to_owned(), queue.clone())]),
        topics: BTreeMap::from([("news".to_owned(), Topic { targets: target() })]),
        buses: BTreeMap::from([("default".to_owned(), Bus { rules: vec![rule] })]),
        ..Site::default()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(serve(listener, site));

    let sent = produce(&coldlight, &endpoint).await;
    let (lies_since, waiting) = (Instant::now(), queue.counts().visible);
    assert_eq!(waiting, 1, "nobody reads the queue yet");
    // The spans of the other two are here before it is read: that is how long it waits at least.
    let invoked = "invocations WHERE service = 'consumer'";
    coldlight.until_count(invoked, 2, WRITTEN).await;
    let lay = lies_since.elapsed();
    let polling = tokio::spawn(queue.clone().run(lambda.fleet.clone(), |_, _| {}));
    tokio::time::timeout(WRITTEN, queue.empty()).await.unwrap_or_else(|_| panic!("{}", lambda.last_words()));
    lambda.fleet.shut_down().await;
    coldlight.until_count(&format!("{invoked} AND cost_state = 'reported' AND span_id IS NOT NULL"), 3, WRITTEN).await;

    through_the_queue(&coldlight, &sent, lay).await;
    through_the_topic(&coldlight, &sent).await;
    through_the_bus(&coldlight, &sent).await;
    let ways = format!("SELECT \"trigger\" || ' ' || way FROM {invoked} ORDER BY 1");
    assert_eq!(coldlight.sql(&ways).await.texts(), ["pubsub async", "pubsub async", "pubsub poll"]);
    serving.abort();
    polling.abort();
}

/// A batch may come from many traces: it has its own, linked to the sender's, in both directions.
async fn through_the_queue(coldlight: &Coldlight, sent: &Value, lay: Duration) {
    let found = delivery(coldlight, "sqs").await;
    assert_eq!((found.sender_trace.as_str(), found.joined_by.as_str()), (sent["sqs"].as_str().unwrap(), "link"));
    assert_ne!(found.trace, found.sender_trace);
    assert!(found.waited_ms >= lay.as_secs_f64() * 1e3, "it lay there for {lay:?} at least: {found:?}");
    let row = row(coldlight, &found.trace, &found.span).await;
    assert!(row["waited_ns"].as_u64().unwrap() as f64 >= lay.as_secs_f64() * 1e9, "{row}");
    let of = |trace: &str, span: &str| format!("/api/v1/traces/{trace}/spans/{span}");
    let receiver = coldlight.get(&of(&found.trace, &found.span)).await.json();
    assert_eq!(receiver["links_to"][0]["span_id"], found.sender_span.as_str(), "{receiver}");
    let sender = coldlight.get(&of(&found.sender_trace, &found.sender_span)).await.json();
    assert_eq!(sender["linked_from"][0]["span_id"], found.span.as_str(), "{sender}");
    let page = coldlight.get(&format!("/traces/{}?span={}&tab=links", found.trace, found.span)).await.text();
    assert!(page.contains("data-test=\"waited\"") && page.contains("from its end to this start"), "{page}");
    assert!(page.contains(&format!("/traces/{}?span={}", found.sender_trace, found.sender_span)), "{page}");
}

/// The message carries what the stock SDK wrote into its attributes.
async fn through_the_topic(coldlight: &Coldlight, sent: &Value) {
    let found = delivery(coldlight, "sns").await;
    assert_eq!((found.trace.as_str(), found.joined_by.as_str()), (sent["sns"].as_str().unwrap(), "parent"));
    assert!(found.waited_ms > 0.0, "a cold start lies between: {found:?}");
    assert!(row(coldlight, &found.trace, &found.span).await["waited_ns"].as_u64().unwrap() > 0);
    let page = coldlight.get(&format!("/traces/{}?span={}", found.trace, found.span)).await.text();
    assert!(page.contains("data-test=\"wait-bar\"") && page.contains("from sending to start in SNS news"), "{page}");
    assert!(page.contains(">shop<") && page.contains(">consumer<"), "{page}");
}

/// The event carries nothing; what X-Ray's header says comes with the invocation.
async fn through_the_bus(coldlight: &Coldlight, sent: &Value) {
    let found = delivery(coldlight, "eventbridge").await;
    assert_eq!((found.trace.as_str(), found.joined_by.as_str()), (sent["events"].as_str().unwrap(), "parent"));
    assert!(found.waited_ms >= 0.0, "{found:?}");
    let page = coldlight.get(&format!("/traces/{}", found.trace)).await.text();
    assert!(page.contains(">shop<") && page.contains(">consumer<"), "{page}");
}
