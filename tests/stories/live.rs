//! What arrives is seen as it arrives, by whoever watches, and costs nobody who sends anything.

use std::time::{Duration, Instant};

use coldlight_tests::clock::unix_nanos;
use coldlight_tests::events::{Event, Events};
use coldlight_tests::random::{Random, hex};
use coldlight_tests::{Coldlight, grpc, measure, otlp};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

const SOON: Duration = Duration::from_secs(20);

fn root(random: &mut Random, name: &str) -> Span {
    otlp::span(name, random.trace_id(), random.span_id(), unix_nanos() - 5_000_000, 5_000_000)
}

async fn send(coldlight: &Coldlight, service: &str, spans: Vec<Span>) {
    let mut connection = grpc::Connection::open(coldlight.grpc()).await.unwrap();
    let request = otlp::request(service, spans).encode_to_vec();
    let answer = connection.call(grpc::TRACES, "identity", &request).await.unwrap();
    assert!(answer.is_ok(), "{:?}", answer.status);
}

/// The next event of that name.
async fn next(events: &mut Events, name: &str) -> Event {
    loop {
        let event = events.next(SOON).await.unwrap();
        if event.name == name {
            return event;
        }
    }
}

fn rows(html: &str) -> usize {
    html.matches("data-test=\"live-row\"").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_span_and_an_invocation_are_lines_a_second_later_and_once() {
    let mut random = Random::new("live");
    let coldlight = Coldlight::start().await;
    let mut all = Events::open(coldlight.http(), "/live/events", &[]).await.unwrap();
    let faults = "/live/events?f=status:fault";
    let mut faults = Events::open(coldlight.http(), faults, &[]).await.unwrap();

    let fine = root(&mut random, "GET /fine");
    let mut child = root(&mut random, "inner");
    child.parent_span_id = fine.span_id.clone();
    let mut bad = root(&mut random, "GET /bad");
    bad.status = otlp::failed("gone");
    let mut invocation = root(&mut random, "handler");
    invocation.attributes = vec![otlp::text("faas.invocation_id", "live-1"), otlp::text("faas.name", "greeter")];
    send(&coldlight, "shop", vec![fine, child, bad.clone(), invocation]).await;

    let mut seen = String::new();
    let mut last = String::new();
    while rows(&seen) < 3 {
        let lines = next(&mut all, "lines").await;
        seen.push_str(&lines.data);
        last = lines.id;
    }
    assert_eq!(rows(&seen), 3, "{seen}");
    for words in ["GET /fine", "GET /bad", "greeter"] {
        assert!(seen.contains(words), "{words}: {seen}");
    }
    assert!(!seen.contains("inner"), "only roots: {seen}");
    let lines = next(&mut faults, "lines").await;
    assert_eq!(rows(&lines.data), 1);
    assert!(lines.data.contains(&hex(&bad.trace_id)), "{}", lines.data);

    // Whoever was away gets what came meanwhile, and nothing twice.
    drop(all);
    send(&coldlight, "shop", vec![root(&mut random, "GET /later")]).await;
    let mut resumed = Events::open(coldlight.http(), "/live/events", &[("last-event-id", &last)]).await.unwrap();
    let lines = next(&mut resumed, "lines").await;
    assert!(lines.data.contains("GET /later") && rows(&lines.data) == 1, "{}", lines.data);

    let page = coldlight.get("/live").await.text();
    assert_eq!(rows(&page), 4, "the page alone is a list too");
    assert!(page.contains("<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>"));
}

#[tokio::test(flavor = "multi_thread")]
async fn more_pages_than_there_are_places_are_told_so() {
    let coldlight = Coldlight::start().await;
    let mut open = Vec::new();
    let refused = loop {
        match Events::open(coldlight.http(), "/live/events", &[]).await {
            Ok(events) => open.push(events),
            Err(why) => break why.to_string(),
        }
        assert!(open.len() <= 64, "there is no limit");
    };
    assert!(open.len() >= 16, "{} is few", open.len());
    assert!(refused.starts_with("503") && refused.contains("too many pages watch"), "{refused}");
    open.clear();
    let again =
        async || Events::open(coldlight.http(), "/live/events", &[]).await.map(drop).map_err(|why| why.to_string());
    coldlight_tests::clock::until("a place is free again", SOON, again).await;
}

/// Sends `count` requests of 500 root spans each, as fast as they are taken, and tells how long it took until all were written.
async fn burst(coldlight: &Coldlight, random: &mut Random, count: usize) -> Duration {
    let mut connection = grpc::Connection::open(coldlight.grpc()).await.unwrap();
    let begun = Instant::now();
    for _ in 0..count {
        let spans = (0..500).map(|number| root(random, ["GET /a", "POST /b"][number % 2])).collect();
        let request = otlp::request("burst", spans).encode_to_vec();
        assert!(connection.call(grpc::TRACES, "identity", &request).await.unwrap().is_ok());
    }
    coldlight.until_written(Duration::from_secs(60)).await;
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_before_pages_that_do_not_read_holds_up_nobody_and_fills_no_memory() {
    const REQUESTS: usize = 200;
    let mut random = Random::new("live burst");
    let coldlight = Coldlight::start().await;
    let alone = burst(&coldlight, &mut random, REQUESTS).await;
    let before = measure::memory(coldlight.pid()).0;
    let mut reading = Events::open(coldlight.http(), "/live/events", &[]).await.unwrap();
    let mut idle = Vec::new();
    for number in 0..15 {
        let path = format!("/live/events?f=dur%3E{number}ms");
        idle.push(Events::open(coldlight.http(), &path, &[]).await.unwrap());
    }
    let watched = burst(&coldlight, &mut random, REQUESTS).await;
    let grown = measure::memory(coldlight.pid()).0.saturating_sub(before);
    println!("{} spans alone {alone:?}, with 16 pages open {watched:?}, {} MiB more", REQUESTS * 500, grown >> 20);

    // What does not fit into the page is a number: lines and skipped together are all there were.
    let (mut lines, mut skipped) = (0, 0);
    while lines + skipped < REQUESTS * 500 {
        let event = reading.next(SOON).await.unwrap();
        match event.name.as_str() {
            "lines" => {
                assert!(rows(&event.data) <= 500, "{}", rows(&event.data));
                lines += rows(&event.data);
            }
            "skipped" => skipped += event.data.parse::<usize>().unwrap(),
            _ => {}
        }
    }
    assert_eq!(lines + skipped, REQUESTS * 500);
    assert!(skipped > 0, "{lines} lines");
    // Generous: the machine may be busy with something else.
    assert!(watched < alone * 4 + Duration::from_secs(10), "alone {alone:?}, watched {watched:?}");
    assert!(grown < 256 << 20, "{} MiB", grown >> 20);
    drop(idle);
}
