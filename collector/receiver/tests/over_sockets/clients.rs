//! What real exporters do.

use std::io::Read;

use coldlight_model::{Oddities, Value};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tonic::Code;

use crate::house::{House, HttpAnswer, JSON, PROTOBUF, TRACES, call_on, framed, gzip, request, span, spans, zlib};

#[tokio::test]
async fn every_encoding_by_every_protocol_brings_the_same_spans() {
    let house = House::open().await;
    let plain = request(spans(50));
    let bodies = [
        ("identity", plain.clone()),
        ("gzip", gzip(&plain)),
        ("zstd", zstd::encode_all(&plain[..], 3).unwrap()),
        ("deflate", zlib(&plain)),
    ];
    for (name, body) in &bodies {
        let flag = u8::from(*name != "identity");
        let answer = house.call_raw(TRACES, &[("grpc-encoding", name)], &framed(flag, body)).await;
        assert_eq!(answer.code(), Code::Ok, "{name}");
        let header = format!("Content-Encoding: {name}");
        assert_eq!(house.post("/v1/traces", &[PROTOBUF, &header], body).await.status, 200, "{name}");
    }
    let kept = house.kept();
    assert_eq!(kept.len(), 8);
    assert!(kept.iter().all(|batch| batch == &kept[0]));
    assert_eq!(kept[0].received_at.nanos(), 1_795_438_588_000_000_000);
}

#[tokio::test]
async fn chunked_bodies_arrive_whole() {
    let house = House::open().await;
    let body = gzip(&request(spans(100)));
    // As Node sends it: the gzip header in a chunk of its own.
    let (head, rest) = body.split_at(10);
    let mut stream = TcpStream::connect(house.http).await.unwrap();
    let request = "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\n\
        Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\na\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.write_all(&[head, b"\r\n"].concat()).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    stream.write_all(&[format!("{:x}\r\n", rest.len()).as_bytes(), rest, b"\r\n0\r\n\r\n"].concat()).await.unwrap();
    assert_eq!(HttpAnswer::read(&mut stream).await.status, 200);
    assert_eq!(house.kept_spans(), 100);
}

#[tokio::test]
async fn content_types_with_parameters_and_in_any_case_are_taken() {
    let house = House::open().await;
    let message = request(spans(1));
    for (content_type, body) in [
        ("content-type: application/x-protobuf; charset=utf-8", message.as_slice()),
        ("CONTENT-TYPE: Application/X-Protobuf", &message),
        ("content-type: application/json;charset=UTF-8", b"{}"),
    ] {
        assert_eq!(house.post("/v1/traces", &[content_type], body).await.status, 200, "{content_type}");
    }
    let answer = house.post("/v1/traces/", &["content-type: application/protobuf"], &message).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/protobuf")));
}

#[tokio::test]
async fn many_calls_share_a_connection() {
    let house = House::open().await;
    let stream = TcpStream::connect(house.grpc).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let address = house.grpc;
    // The first call brings the server's settings: how many calls may be open at once.
    let first = call_on(&mut client.clone(), address, TRACES, &[], &framed(0, &[])).await;
    assert_eq!(first.code(), Code::Ok);
    let calls = (0..200).map(|_| {
        let mut client = client.clone();
        let body = framed(0, &request(spans(10)));
        tokio::spawn(
            async move { call_on(&mut client, address, TRACES, &[("grpc-timeout", "10S")], &body).await.code() },
        )
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap(), Code::Ok);
    }
    assert_eq!(house.kept_spans(), 2000);
}

#[tokio::test]
async fn otlp_http_is_taken_over_http2_as_well() {
    let house = House::open().await;
    let stream = TcpStream::connect(house.http).await.unwrap();
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let headers = [("content-type", "application/x-protobuf")];
    let answer = call_on(&mut client, house.http, "/v1/traces", &headers, &request(spans(3))).await;
    assert_eq!((answer.http_status, answer.message.len(), house.kept_spans()), (200, 0, 3));
}

#[tokio::test]
async fn requests_on_one_http1_connection_follow_each_other() {
    let house = House::open().await;
    let mut stream = TcpStream::connect(house.http).await.unwrap();
    for _ in 0..3 {
        let request = format!("POST /v1/traces HTTP/1.1\r\nhost: localhost\r\n{JSON}\r\ncontent-length: 2\r\n\r\n{{}}");
        stream.write_all(request.as_bytes()).await.unwrap();
    }
    stream.write_all(b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\ncontent-type: application/x-protobuf\r\n\r\n").await.unwrap();
    let all = HttpAnswer::read(&mut stream).await;
    let rest = String::from_utf8_lossy(&all.body);
    assert_eq!((all.status, rest.matches("HTTP/1.1 200").count()), (200, 3));
}

#[tokio::test]
async fn one_bad_span_does_not_cost_the_others() {
    let house = House::open().await;
    let mut all = spans(500);
    all[7].end_time_unix_nano = 1;
    all[8].attributes = vec![opentelemetry_proto::tonic::common::v1::KeyValue {
        key: "long".into(),
        value: Some(text_value(&"x".repeat(1 << 20))),
        ..Default::default()
    }];
    all[9].trace_id = vec![0; 16];
    let marker = "replace me, please";
    all[10].name = marker.into();
    let mut bytes = request(all);
    let at = bytes.windows(marker.len()).position(|window| window == marker.as_bytes()).unwrap();
    bytes[at] = 0xff;
    let answer = house.call(TRACES, &[], &bytes).await;
    assert_eq!(answer.code(), Code::Ok);
    let kept = &house.kept()[0];
    assert_eq!(kept.spans.len(), 499);
    let by_name = |name: &str| kept.spans.iter().find(|span| span.name == name).unwrap();
    assert_eq!(by_name("span 7").oddities, Oddities::BAD_TIME);
    assert_eq!(by_name("span 8").oddities, Oddities::CUT_VALUE);
    assert_eq!(by_name("\u{fffd}eplace me, please").oddities, Oddities::BAD_TEXT);
    let odd = kept.spans.iter().filter(|span| span.oddities != Oddities::default()).count();
    assert_eq!(odd, 3);
    let counts = house.receiver.counts();
    assert_eq!((counts.spans, counts.spans_rejected), (500, 1));
}

#[tokio::test]
async fn deep_values_become_a_marker_by_every_protocol() {
    use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, any_value::Value as Otlp};
    let house = House::open().await;
    let deep = (0..30).fold(text_value("leaf"), |inner, _| AnyValue {
        value: Some(Otlp::ArrayValue(ArrayValue { values: vec![inner] })),
    });
    let mut one = span(1);
    one.attributes = vec![KeyValue { key: "deep".into(), value: Some(deep), ..Default::default() }];
    assert_eq!(house.call(TRACES, &[], &request(vec![one])).await.code(), Code::Ok);
    for depth in [17, 200, 100_000] {
        let value = format!("{}{{}}{}", r#"{"arrayValue":{"values":["#.repeat(depth), "]}}".repeat(depth));
        let json = format!(
            r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","startTimeUnixNano":"1","endTimeUnixNano":"2","attributes":[{{"key":"deep","value":{value}}}]}}]}}]}}]}}"#
        );
        let answer = house.post("/v1/traces", &[JSON], json.as_bytes()).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, "{}"), "{depth}");
    }
    let expected = format!("{}\"{}\"{}", "[".repeat(16), Value::TOO_DEEP, "]".repeat(16));
    for batch in house.kept() {
        assert_eq!(batch.spans[0].attributes.get("deep").unwrap().to_json(), expected);
        assert_eq!(batch.spans[0].oddities, Oddities::TOO_DEEP);
    }
}

fn text_value(text: &str) -> opentelemetry_proto::tonic::common::v1::AnyValue {
    use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value::Value as Otlp};
    AnyValue { value: Some(Otlp::StringValue(text.into())) }
}

#[tokio::test]
async fn recorded_requests_are_taken_over_their_own_transport() {
    let house = House::open().await;
    let fixture = |name: &str| {
        std::fs::read(format!("{}/tests/fixtures/{name}", std::env::var("CARGO_MANIFEST_DIR").expect("run by cargo")))
            .unwrap()
    };
    let squeezed = fixture("python-grpc-traces.pb.gz");
    let answer = house.call_raw(TRACES, &[("grpc-encoding", "gzip")], &framed(1, &squeezed)).await;
    assert_eq!((answer.code(), house.kept_spans()), (Code::Ok, 5));
    let gzipped = ["content-encoding: gzip", PROTOBUF];
    for (path, name) in
        [("/v1/traces", "js-traces.pb.gz"), ("/v1/logs", "js-logs.pb.gz"), ("/v1/metrics", "js-metrics.pb.gz")]
    {
        assert_eq!(house.post(path, &gzipped, &fixture(name)).await.status, 200, "{name}");
    }
    for (path, name) in
        [("/v1/traces", "python-traces.json"), ("/v1/traces", "js-traces.json"), ("/v1/metrics", "python-metrics.json")]
    {
        let answer = house.post(path, &[JSON], &fixture(name)).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, "{}"), "{name}");
    }
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(&squeezed[..]).read_to_end(&mut plain).unwrap();
    assert_eq!(house.post("/v1/traces", &[PROTOBUF], &plain).await.status, 200);
    let counts = house.receiver.counts();
    assert_eq!((counts.requests, counts.spans_rejected, counts.secrets_redacted), (8, 0, 0));
    assert!(counts.logs > 0 && counts.metric_points > counts.metric_points_kept);
}
