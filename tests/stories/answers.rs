//! What a sender is told: the table of OTLP answers, a few of its lines against the whole program.

use bytes::Bytes;
use coldlight_tests::clock::unix_nanos;
use coldlight_tests::random::Random;
use coldlight_tests::{Coldlight, Options, grpc, otlp, web};
use http::Method;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use tonic::Code;
use tonic_types::pb;

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

async fn post(coldlight: &Coldlight, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> web::Answer {
    let request = web::request(Method::POST, path, headers, web::whole(body));
    web::send(coldlight.otlp_http(), request).await.unwrap()
}

async fn call(coldlight: &Coldlight, message: &[u8]) -> grpc::Answer {
    grpc::Connection::open(coldlight.grpc()).await.unwrap().call(grpc::TRACES, "identity", message).await.unwrap()
}

/// Two good spans and one without a trace id.
fn one_in_three_is_wrong() -> Vec<u8> {
    let mut random = Random::new("answers");
    let spans = (0..3).map(|_| otlp::span("s", random.trace_id(), random.span_id(), unix_nanos(), 1_000));
    let mut spans: Vec<_> = spans.collect();
    spans[1].trace_id = vec![0; 16];
    otlp::request("answers", spans).encode_to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_to_keep_is_success() {
    let coldlight = Coldlight::start().await;
    let answer = call(&coldlight, &[]).await;
    assert!(answer.is_ok() && answer.message.is_empty(), "{answer:?}");
    for path in ["/v1/traces", "/v1/logs", "/v1/metrics"] {
        let answer = post(&coldlight, path, &[("content-type", PROTOBUF)], "").await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-type"), answer.body.as_ref()),
            (200, PROTOBUF, &b""[..])
        );
        let answer = post(&coldlight, path, &[("content-type", "application/json; charset=utf-8")], "{}").await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-type"), answer.body.as_ref()),
            (200, JSON, &b"{}"[..])
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_wrong_span_does_not_cost_the_others() {
    let coldlight = Coldlight::start().await;
    let answer = call(&coldlight, &one_in_three_is_wrong()).await;
    let rejected = |message: &[u8]| {
        let success = ExportTraceServiceResponse::decode(message).unwrap().partial_success.unwrap();
        assert!(!success.error_message.is_empty());
        success.rejected_spans
    };
    assert!(answer.is_ok(), "{:?}", answer.status);
    assert_eq!(rejected(&answer.message), 1);
    let answer = post(&coldlight, "/v1/traces", &[("content-type", PROTOBUF)], one_in_three_is_wrong()).await;
    assert_eq!((answer.status.as_u16(), rejected(&answer.body)), (200, 1));
    coldlight.until_count("spans", 4, std::time::Duration::from_secs(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_otlp_is_refused_for_good_in_the_language_of_the_request() {
    let coldlight = Coldlight::start().await;
    let garbage = b"\x0a\xff\xff\xff\xff\x0fnot a request";
    assert_eq!(call(&coldlight, garbage).await.status.code(), Code::InvalidArgument);

    let answer = post(&coldlight, "/v1/traces", &[("content-type", PROTOBUF)], &garbage[..]).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (400, PROTOBUF));
    let status = pb::Status::decode(answer.body).unwrap();
    assert!(status.code == Code::InvalidArgument as i32 && !status.message.is_empty(), "{status:?}");

    let answer = post(&coldlight, "/v1/traces", &[("content-type", JSON)], "{\"resourceSpans\": [").await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (400, JSON));
    assert!(!answer.json()["message"].as_str().unwrap().is_empty());

    let wrong_type = post(&coldlight, "/v1/traces", &[("content-type", "text/plain")], "x").await;
    assert_eq!(wrong_type.status, 415);
    let wrong_encoding = [("content-type", PROTOBUF), ("content-encoding", "br")];
    assert_eq!(post(&coldlight, "/v1/traces", &wrong_encoding, "x").await.status, 415);
    let get = web::request(Method::GET, "/v1/traces", &[], web::whole(""));
    assert_eq!(web::send(coldlight.otlp_http(), get).await.unwrap().status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_refused_for_good_also_when_it_only_grows_so_by_decompression() {
    let arguments = vec!["--max-body".to_owned(), "64KiB".to_owned()];
    let coldlight = Coldlight::start_with(Options { arguments, ..Options::default() }).await;
    let mut random = Random::new("too large");
    let mut span = otlp::span("large", random.trace_id(), random.span_id(), unix_nanos(), 1_000);
    span.attributes.push(otlp::text("text", "x".repeat(100 << 10)));
    let large = otlp::request("answers", vec![span]).encode_to_vec();

    let answer = call(&coldlight, &large).await;
    assert_eq!((answer.status.code(), answer.retry_delay()), (Code::ResourceExhausted, None), "{:?}", answer.status);
    assert_eq!(post(&coldlight, "/v1/traces", &[("content-type", PROTOBUF)], large.clone()).await.status, 413);

    let mut small = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut small, &large).unwrap();
    let small = small.finish().unwrap();
    assert!(small.len() < 4 << 10);
    let mut connection = grpc::Connection::open(coldlight.grpc()).await.unwrap();
    let answer = connection.call(grpc::TRACES, "gzip", &small).await.unwrap();
    assert_eq!((answer.status.code(), answer.retry_delay()), (Code::ResourceExhausted, None), "{:?}", answer.status);
    let headers = [("content-type", PROTOBUF), ("content-encoding", "gzip")];
    assert_eq!(post(&coldlight, "/v1/traces", &headers, small).await.status, 413);
    assert_eq!(coldlight.sql("SELECT count(*) FROM spans").await.number(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_received_is_stored_repeated_rejected_or_refused_and_nothing_is_unaccounted_for() {
    let coldlight = Coldlight::start().await;
    let body = one_in_three_is_wrong();
    for _ in 0..3 {
        call(&coldlight, &body).await;
        post(&coldlight, "/v1/traces", &[("content-type", PROTOBUF)], body.clone()).await;
    }
    call(&coldlight, b"\xff\xff").await;
    coldlight.until_count("spans", 2, std::time::Duration::from_secs(2)).await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let status = coldlight.get("/api/v1/status").await.json();
    let (receiver, store) = (&status["receiver"], &status["store"]);
    let number = |value: &serde_json::Value| value.as_u64().unwrap_or_else(|| panic!("{status}"));
    assert_eq!(number(&receiver["spans"]), 18, "{status}");
    assert_eq!(number(&receiver["spans_rejected"]), 6, "{status}");
    assert_eq!(number(&store["spans"]), 2, "{status}");
    assert_eq!(number(&store["duplicates"]), 10, "{status}");
}
