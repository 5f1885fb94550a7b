//! Small requests that want to become large, and large ones that want to become everything.

use std::io::Write;

use coldlight_receiver::Settings;
use tonic::Code;

use crate::house::{House, JSON, PROTOBUF, TRACES, framed, gzip, request, resident_bytes, zlib};

const MIB: usize = 1 << 20;

/// 16 MiB of empty spans: two bytes each here, two gigabytes once decoded.
fn empty_spans() -> Vec<u8> {
    let mut bytes = [0x12, 0].repeat(8 * MIB);
    // Around them the scope's spans, and the resource's.
    for tag in [0x12, 0x0a] {
        let mut outer = vec![tag];
        prost::encoding::encode_varint(bytes.len() as u64, &mut outer);
        outer.extend(bytes);
        bytes = outer;
    }
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bomb_of_empty_spans_is_refused_before_it_is_decoded() {
    let house = House::alone(Settings::default()).await;
    let squeezed = gzip(&empty_spans());
    assert!(squeezed.len() < 20_000);
    let before = resident_bytes();
    for _ in 0..2 {
        let answer = house.post("/v1/traces", &[PROTOBUF, "content-encoding: gzip"], &squeezed).await;
        assert_eq!(answer.status, 400);
        let answer = house.call_raw(TRACES, &[("grpc-encoding", "gzip")], &framed(1, &squeezed)).await;
        assert_eq!(answer.code(), Code::InvalidArgument);
        let grown = resident_bytes().saturating_sub(before);
        assert!(grown < 64 * MIB, "{} MiB", grown / MIB);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_out_of_nothing_are_refused_at_the_limit_by_every_encoding() {
    let house = House::alone(Settings { max_body_bytes: 8 * MIB, ..Settings::default() }).await;
    // A quarter of a gigabyte each, written a mebibyte at a time.
    let zeros = vec![0; MIB];
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut zst = zstd::Encoder::new(Vec::new(), 1).unwrap();
    for _ in 0..256 {
        gz.write_all(&zeros).unwrap();
        zst.write_all(&zeros).unwrap();
    }
    let bombs =
        [("gzip", gz.finish().unwrap()), ("zstd", zst.finish().unwrap()), ("deflate", zlib(&vec![0; 64 * MIB]))];
    let before = resident_bytes();
    for (name, bomb) in &bombs {
        for content_type in [PROTOBUF, JSON] {
            let encoding = format!("content-encoding: {name}");
            let answer = house.post("/v1/traces", &[content_type, &encoding], bomb).await;
            assert_eq!(answer.status, 413, "{name}");
        }
        let answer = house.call_raw(TRACES, &[("grpc-encoding", name)], &framed(1, bomb)).await;
        assert_eq!(answer.code(), Code::ResourceExhausted, "{name}");
        let grown = resident_bytes().saturating_sub(before);
        assert!(grown < 64 * MIB, "{name}: {} MiB", grown / MIB);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_bombs_at_once_stay_within_what_all_may_take() {
    let in_flight_bytes = 64 * MIB;
    let house = House::alone(Settings { in_flight_bytes, max_body_bytes: 16 * MIB, ..Settings::default() }).await;
    house.store(|store| store.forgets = true);
    let squeezed = gzip(&empty_spans());
    // Each within the budget of one request, and together far above that of all.
    let heavy = gzip(&request(vec![crate::house::span(1); 100_000]));
    let before = resident_bytes();
    let answers = futures_util::future::join_all((0..24).map(|number| {
        let body = if number % 2 == 0 { &squeezed } else { &heavy };
        house.post("/v1/traces", &[PROTOBUF, "content-encoding: gzip"], body)
    }));
    let watch = async {
        let mut most = 0;
        for _ in 0..200 {
            most = most.max(resident_bytes());
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        most
    };
    let (answers, most) = tokio::join!(answers, watch);
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 400 | 413 | 503)));
    let grown = most.saturating_sub(before);
    // What was decoded, its converted form while both exist, and the bodies.
    assert!(grown < 4 * in_flight_bytes, "{} MiB", grown / MIB);
    assert_eq!(house.receiver.counts().in_flight_bytes, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bomb_of_empty_json_spans_is_measured_and_not_made() {
    let house = House::alone(Settings::default()).await;
    let json = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{}{{}}]}}]}}]}}"#, "{},".repeat(4 * MIB));
    let squeezed = gzip(json.as_bytes());
    let before = resident_bytes();
    let answer = house.post("/v1/traces", &[JSON, "content-encoding: gzip"], &squeezed).await;
    assert_eq!((answer.status, house.refused("over budget")), (400, 1));
    // The body, and the quarter of it that an ordinary request may take before it is measured.
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 128 * MIB, "{} MiB", grown / MIB);
}

#[tokio::test]
async fn brackets_by_the_million_are_an_error_or_skipped() {
    let house = House::open().await;
    let open = "[".repeat(1_000_000);
    for json in [
        open.clone(),
        format!("{{\"resourceSpans\":{open}"),
        format!("{{\"unknown\":{open}"),
        format!("{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[{{\"attributes\":[{{\"value\":{open}"),
        "{\"a\":".repeat(500_000),
    ] {
        assert_eq!(house.post("/v1/traces", &[JSON], json.as_bytes()).await.status, 400);
    }
    let skipped = format!("{{\"unknown\":{open}{}}}", "]".repeat(1_000_000));
    assert_eq!(house.post("/v1/traces", &[JSON], skipped.as_bytes()).await.status, 200);
}

#[tokio::test]
async fn headers_over_their_limit_are_refused() {
    let house = House::open().await;
    let long = format!("x-long: {}", "x".repeat(100_000));
    let answer = house.raw(&["POST /v1/traces HTTP/1.1", "host: x", &long], b"").await;
    assert_eq!(answer.status, 431);
}
