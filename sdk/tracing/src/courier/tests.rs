//! Spans on their way to a collector that is there, is away, refuses, or comes back.

use opentelemetry::trace::{Span as _, Tracer};

use super::*;
use crate::Telemetry;
use crate::settings::Variables;
use crate::testing::receiver::{Receiver, attribute};

/// Tracing that sends to `url`, with more variables.
fn telemetry(url: &str, more: &[(&str, &str)]) -> Telemetry {
    let mut all = vec![("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), url.to_owned())];
    all.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let variables = Variables(all);
    let (settings, oddities) = Settings::read(&|name| variables.look(name));
    assert_eq!(oddities, []);
    Telemetry::of(settings, variables)
}

fn record(telemetry: &Telemetry, names: &[&str]) {
    for name in names {
        telemetry.tracer().start((*name).to_owned()).end();
    }
}

/// On a thread of its own, as the receiver lives on this one.
async fn flush(telemetry: &Telemetry) -> bool {
    let telemetry = telemetry.clone();
    tokio::task::spawn_blocking(move || telemetry.flush(Duration::from_secs(5))).await.unwrap()
}

/// A function that is frozen between invocations: nothing goes by itself.
const FUNCTION: [(&str, &str); 2] =
    [("AWS_LAMBDA_FUNCTION_NAME", "checkout"), ("AWS_LAMBDA_RUNTIME_API", "127.99.1.1:9001")];

#[tokio::test]
async fn spans_go_out_with_who_sent_them() {
    let receiver = Receiver::start().await;
    let more = [("OTEL_SERVICE_NAME", "shop"), ("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key=k1")];
    let telemetry = telemetry(&receiver.url(), &more);
    record(&telemetry, &["one", "two"]);
    assert!(flush(&telemetry).await);
    assert_eq!(receiver.names(), ["one", "two"]);
    let received = &receiver.received()[0];
    assert!(received.headers.contains(&("x-api-key".to_owned(), "k1".to_owned())));
    let resource = received.request.resource_spans[0].resource.clone().unwrap();
    assert_eq!(attribute(&resource.attributes, "service.name").as_deref(), Some("shop"));
    assert_eq!(attribute(&resource.attributes, "telemetry.distro.name").as_deref(), Some("coldlight"));
    assert_eq!(attribute(&resource.attributes, "service.instance.id").map(|id| id.len()), Some(32));
}

#[tokio::test]
async fn a_timer_sends_where_nothing_freezes() {
    let receiver = Receiver::start().await;
    let telemetry = telemetry(&receiver.url(), &[("OTEL_BSP_SCHEDULE_DELAY", "20")]);
    record(&telemetry, &["one"]);
    receiver.until(1).await;
}

#[tokio::test]
async fn a_full_batch_goes_without_waiting() {
    let receiver = Receiver::start().await;
    let mut more = FUNCTION.to_vec();
    more.push(("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "2"));
    let telemetry = telemetry(&receiver.url(), &more);
    record(&telemetry, &["one", "two"]);
    receiver.until(2).await;
}

#[tokio::test]
async fn a_frozen_function_sends_when_told() {
    let receiver = Receiver::start().await;
    let mut more = FUNCTION.to_vec();
    more.push(("OTEL_BSP_SCHEDULE_DELAY", "1"));
    let telemetry = telemetry(&receiver.url(), &more);
    record(&telemetry, &["one"]);
    // An order of its own proves that the thread is awake and had time to do what it would do by itself.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(receiver.spans().is_empty());
    assert!(flush(&telemetry).await);
    assert_eq!(receiver.names(), ["one"]);
}

#[tokio::test]
async fn what_a_collector_that_is_away_could_not_take_goes_when_it_is_back() {
    let away = Receiver::start().await;
    let (address, url) = (away.address, away.url());
    drop(away);
    let telemetry = telemetry(&url, &FUNCTION);
    for name in ["one", "two", "three"] {
        record(&telemetry, &[name]);
        assert!(!flush(&telemetry).await);
    }
    let back = Receiver::start_on(address).await;
    assert!(flush(&telemetry).await);
    assert_eq!(back.names(), ["one", "two", "three"]);
    assert_eq!(telemetry.lost(), 0);
}

#[tokio::test]
async fn a_collector_that_is_busy_is_asked_again() {
    let receiver = Receiver::start().await;
    let telemetry = telemetry(&receiver.url(), &FUNCTION);
    receiver.refuse(Some(503));
    record(&telemetry, &["one"]);
    assert!(!flush(&telemetry).await);
    receiver.refuse(None);
    assert!(flush(&telemetry).await);
    assert_eq!((receiver.names(), telemetry.lost()), (vec!["one".to_owned()], 0));
}

#[tokio::test]
async fn what_is_refused_for_good_is_counted_and_does_not_hold_up_the_rest() {
    let receiver = Receiver::start().await;
    let telemetry = telemetry(&receiver.url(), &FUNCTION);
    receiver.refuse(Some(400));
    record(&telemetry, &["one", "two"]);
    assert!(flush(&telemetry).await, "nothing is left to send");
    receiver.refuse(None);
    record(&telemetry, &["three"]);
    assert!(flush(&telemetry).await);
    assert_eq!((receiver.names(), telemetry.lost()), (vec!["three".to_owned()], 2));
}

#[tokio::test]
async fn the_queue_is_bounded_and_counts_what_it_turns_away() {
    let url = "http://127.0.0.1:1";
    let mut more = FUNCTION.to_vec();
    more.extend([("OTEL_BSP_MAX_QUEUE_SIZE", "10"), ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10")]);
    let telemetry = telemetry(url, &more);
    let names: Vec<String> = (0..25).map(|number| number.to_string()).collect();
    record(&telemetry, &names.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(!flush(&telemetry).await);
    // The thread may have taken a full batch in between: ten are kept then and ten wait.
    assert!((5..=15).contains(&telemetry.lost()), "{}", telemetry.lost());
}

#[tokio::test]
async fn bodies_are_packed_when_asked_for() {
    let receiver = Receiver::start().await;
    let telemetry = telemetry(&receiver.url(), &[("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")]);
    record(&telemetry, &["one"]);
    assert!(flush(&telemetry).await);
    assert!(receiver.received()[0].headers.contains(&("content-encoding".to_owned(), "gzip".to_owned())));
    assert_eq!(receiver.names(), ["one"]);
}

#[tokio::test]
async fn the_last_copy_sends_what_is_left() {
    let receiver = Receiver::start().await;
    let telemetry = telemetry(&receiver.url(), &FUNCTION);
    record(&telemetry, &["one"]);
    let copy = telemetry.clone();
    drop(telemetry);
    tokio::task::spawn_blocking(move || drop(copy)).await.unwrap();
    assert_eq!(receiver.names(), ["one"]);
}

#[tokio::test]
async fn an_extension_beside_the_function_gets_the_spans() {
    let extension = Receiver::start_on("127.99.1.2:4318".parse().unwrap()).await;
    let more = [("AWS_LAMBDA_FUNCTION_NAME", "checkout"), ("AWS_LAMBDA_RUNTIME_API", "127.99.1.2:9001")];
    let telemetry = telemetry("http://collector.invalid:4318", &more);
    record(&telemetry, &["one"]);
    assert!(flush(&telemetry).await);
    assert_eq!(extension.names(), ["one"]);
}

#[tokio::test]
async fn switched_off_nothing_is_recorded() {
    let receiver = Receiver::start().await;
    let telemetry = telemetry(&receiver.url(), &[("OTEL_SDK_DISABLED", "true")]);
    record(&telemetry, &["one"]);
    assert!(flush(&telemetry).await);
    assert!(receiver.spans().is_empty());
}

#[tokio::test]
async fn what_is_not_sampled_is_not_sent() {
    let receiver = Receiver::start().await;
    let telemetry = telemetry(&receiver.url(), &[("OTEL_TRACES_SAMPLER", "always_off")]);
    record(&telemetry, &["one"]);
    assert!(flush(&telemetry).await);
    assert!(receiver.spans().is_empty());
}

#[cfg(not(feature = "tls"))]
#[tokio::test]
async fn https_without_its_feature_is_said_and_what_is_lost_is_counted() {
    let telemetry = telemetry("https://collector.example", &FUNCTION);
    record(&telemetry, &["one"]);
    assert!(!flush(&telemetry).await);
    assert_eq!(telemetry.lost(), 1);
}
