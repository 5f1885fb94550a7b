//! Acknowledged means visible within a second, to SQL and to the pages.

use std::time::{Duration, Instant};

use coldlight_tests::clock::unix_nanos;
use coldlight_tests::random::{Random, hex};
use coldlight_tests::{Coldlight, grpc, otlp};
use prost::Message;

const FRESH: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledged_span_is_seen_within_a_second() {
    let mut random = Random::new("freshness");
    let coldlight = Coldlight::start().await;
    let mut connection = grpc::Connection::open(coldlight.grpc()).await.unwrap();
    let mut slowest = Duration::ZERO;
    for _ in 0..15 {
        let trace_id = random.trace_id();
        let span = otlp::span("fresh", trace_id, random.span_id(), unix_nanos(), 5_000_000);
        let request = otlp::request("freshness", vec![span]).encode_to_vec();
        let answer = connection.call(grpc::TRACES, "identity", &request).await.unwrap();
        assert!(answer.is_ok(), "{:?}", answer.status);

        let acknowledged = Instant::now();
        let trace = hex(&trace_id);
        coldlight.until_count(&format!("spans WHERE trace_id = '{trace}'"), 1, FRESH).await;
        let page = coldlight.get(&format!("/traces/{trace}")).await;
        assert_eq!(page.status, 200, "what SQL sees, the page shows");
        slowest = slowest.max(acknowledged.elapsed());
        // At different distances from the last commit.
        tokio::time::sleep(Duration::from_millis(random.below(400))).await;
    }
    println!("slowest of 15: {slowest:?}");
    assert!(slowest < FRESH, "{slowest:?}");
}
