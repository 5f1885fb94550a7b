//! What strangers send to do harm: names that want to be code, values without end, small bodies that become large ones. The
//! program stays up, within its memory, and shows text as text.

use std::io::Write;
use std::time::Duration;

use coldlight_tests::clock::unix_nanos;
use coldlight_tests::measure::memory;
use coldlight_tests::random::{Random, hex};
use coldlight_tests::web::Answer;
use coldlight_tests::{Coldlight, grpc, otlp, web};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use http::Method;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
use prost::Message;

const PROTOBUF: &str = "application/x-protobuf";
const MIB: u64 = 1 << 20;

/// Names and values of all kinds that somebody may have written on purpose.
fn evil() -> Vec<String> {
    vec![
        "<script>window.pwned=1</script>".to_owned(),
        "</script><script>window.pwned=1</script>".to_owned(),
        "\"><img src=x onerror=window.pwned=1>".to_owned(),
        "' onmouseover='window.pwned=1".to_owned(),
        "<!--<script>".to_owned(),
        "]]><svg/onload=window.pwned=1>".to_owned(),
        "javascript:window.pwned=1".to_owned(),
        "{{ 7*7 }} ${7*7} {% raw %}".to_owned(),
        "'; DROP TABLE span_rows; --".to_owned(),
        "\u{202e}gnp.eman\u{2066}\u{200b}".to_owned(),
        "nul\u{0}and\u{1b}[31mred\u{7f}".to_owned(),
        "e\u{301}".repeat(200),
        "\u{1F4A9}\u{10FFFF}\u{FFFE}".to_owned(),
        "../../../../etc/passwd".to_owned(),
        "line\r\nset-cookie: pwned=1\r\n\r\n".to_owned(),
        "=HYPERLINK(\"http://evil.example\")".to_owned(),
        "n".repeat(64 << 10),
    ]
}

async fn post(coldlight: &Coldlight, path: &str, headers: &[(&str, &str)], body: impl Into<bytes::Bytes>) -> Answer {
    web::send(coldlight.otlp_http(), web::request(Method::POST, path, headers, web::whole(body))).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn evil_names_are_kept_and_every_page_and_answer_stays_text() {
    let coldlight = Coldlight::start().await;
    let mut random = Random::new("hostile");
    let trace = random.trace_id();
    let mut resources = Vec::new();
    for name in evil() {
        let mut span = otlp::span(&name, trace, random.span_id(), unix_nanos() - 1_000_000_000, 5_000_000);
        let keys = [name.as_str(), "url.full", "http.route", "error.type", "server.address", "db.system.name"];
        span.attributes = keys.iter().map(|key| otlp::text(key, name.clone())).collect();
        span.status = otlp::failed(&name);
        span.trace_state = name.clone();
        span.kind = otlp::CLIENT;
        let resource =
            otlp::resource(&name, vec![otlp::text(&name, name.clone()), otlp::text("faas.name", name.clone())]);
        resources.push(otlp::resource_spans(resource, vec![span]));
    }
    let count = resources.len() as u64;
    let mut request = otlp::trace_request(resources).encode_to_vec();
    // Invalid UTF-8 in place of text, in the first name of a service that holds this word.
    let at = request.windows(7).position(|bytes| bytes == b"onerror").unwrap();
    request[at] = 0xff;
    let answer = post(&coldlight, "/v1/traces", &[("content-type", PROTOBUF)], request).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    coldlight.until_count("spans", count, Duration::from_secs(5)).await;

    let id = hex(&trace);
    let services: Vec<String> = coldlight.sql("SELECT DISTINCT service FROM spans").await.texts();
    let mut paths: Vec<String> = ["/traces", "/map", "/status", "/traces?sort=slowest"].map(str::to_owned).into();
    paths.push(format!("/traces/{id}"));
    let quoted = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    for text in services.iter().filter(|text| text.len() < 1_000) {
        paths.push(format!("/traces?f={}", quoted(text)));
        paths.push(format!("/go?q={}", quoted(text)));
    }
    let (mut most, mut seen) = (0, 0);
    for path in &paths {
        let answer = coldlight.get(path).await;
        assert!(answer.status.as_u16() < 500, "{path}: {}", answer.status);
        let body = answer.text();
        most = most.max(body.len());
        for tag in ["<script>window", "<img src=x", "<svg/onload", "href=\"javascript:", "' onmouseover='window"] {
            assert!(!body.contains(tag), "{path} holds {tag}");
        }
        assert!(!answer.headers.contains_key("set-cookie") || !answer.header("set-cookie").contains("pwned"), "{path}");
        if answer.header("content-type").starts_with("text/html") {
            let policy = answer.header("content-security-policy");
            assert!(policy.contains("default-src 'none'") || policy.contains("script-src 'self'"), "{path}: {policy}");
            seen += 1;
        }
    }
    println!("{} pages, the longest of {} KiB, for {count} spans with 64 KiB names among them", seen, most >> 10);
    assert!(seen > 4 && most < 8 << 20, "{most} bytes");

    for path in
        [format!("/api/v1/traces/{id}"), "/api/v1/services".into(), "/api/v1/traces".into(), "/api/v1/map".into()]
    {
        let answer = coldlight.get(&path).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        answer.json();
        assert!(answer.body.len() < 16 << 20, "{path}: {} bytes", answer.body.len());
    }
    // What is stored is what was sent, but for the one byte that was no UTF-8.
    let kept = coldlight.sql("SELECT count(*) FROM spans WHERE service LIKE '%\u{fffd}nerror%'").await.number();
    assert_eq!(kept, 1);
    for name in evil().iter().filter(|name| !name.contains("onerror") && !name.contains('\0')) {
        let literal = name.replace('\'', "''");
        let kept = coldlight.sql(&format!("SELECT count(*) FROM spans WHERE name = '{literal}'")).await.number();
        assert_eq!(kept, 1, "{}", &name[..name.len().min(60)].escape_debug());
    }
    // Nor does it forge lines of the log.
    assert!(!coldlight.log().lines().any(|line| line.starts_with("set-cookie")), "a name made a line of its own");
    assert!(!coldlight.log().contains("\u{1b}[31mred"), "a name coloured the log");
}

fn gzip(write: impl FnOnce(&mut dyn Write)) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    write(&mut encoder);
    encoder.finish().unwrap()
}

fn zeros(out: &mut dyn Write, mib: usize) {
    let block = vec![0; 1 << 20];
    for _ in 0..mib {
        out.write_all(&block).unwrap();
    }
}

/// Field `number` with `bytes` in it.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    prost::encoding::encode_varint(bytes.len() as u64, &mut out);
    out.extend_from_slice(bytes);
    out
}

/// A trace request of `count` spans of two bytes each.
fn tiny_spans(count: usize) -> Vec<u8> {
    field(1, &field(2, &[0x12, 0].repeat(count)))
}

/// A span whose attribute is nested `depth` deep, in lists or in maps.
fn nested(depth: usize, map: bool) -> Vec<u8> {
    let mut value = AnyValue { value: Some(Value::IntValue(1)) }.encode_to_vec();
    for _ in 0..depth {
        value = if map {
            field(6, &field(1, &[vec![0x0a, 1, b'k'], field(2, &value)].concat()))
        } else {
            field(5, &field(1, &value))
        };
    }
    let attribute = [field(1, b"deep"), field(2, &value)].concat();
    let mut random = Random::new("nested");
    let mut span = otlp::span("deep", random.trace_id(), random.span_id(), unix_nanos(), 1).encode_to_vec();
    span.extend(field(9, &attribute));
    field(1, &field(2, &field(2, &span)))
}

#[tokio::test(flavor = "multi_thread")]
async fn small_bodies_that_become_large_ones_are_refused_within_bounds() {
    let coldlight = Coldlight::start().await;
    let spans = tiny_spans(8 << 20);
    let zlib = {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        zeros(&mut encoder, 512);
        encoder.finish().unwrap()
    };
    let zstd = {
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
        zeros(&mut encoder, 1024);
        encoder.finish().unwrap()
    };
    let twice = gzip(|out| out.write_all(&gzip(|out| zeros(out, 1024))).unwrap());
    let bombs: [(&str, &str, &str, Vec<u8>); 9] = [
        ("16 MiB of spans of two bytes", PROTOBUF, "identity", spans.clone()),
        ("the same in gzip", PROTOBUF, "gzip", gzip(|out| out.write_all(&spans).unwrap())),
        ("1 GiB of zeros in gzip", PROTOBUF, "gzip", gzip(|out| zeros(out, 1024))),
        ("gzip in gzip", PROTOBUF, "gzip", twice),
        ("1 GiB of zeros in zstd", PROTOBUF, "zstd", zstd),
        ("512 MiB of zeros in zlib", PROTOBUF, "deflate", zlib),
        ("half of a gzip", PROTOBUF, "gzip", gzip(|out| zeros(out, 1))[..500].to_vec()),
        ("JSON nested a million times", "application/json", "identity", "[".repeat(1_000_000).into_bytes()),
        (
            "a JSON attribute nested a hundred thousand times",
            "application/json",
            "identity",
            format!(
                r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"attributes":[{{"key":"k","value":{}"#,
                r#"{"arrayValue":{"values":["#.repeat(100_000)
            )
            .into_bytes(),
        ),
    ];
    // What the process needs anyway for the longest body it takes.
    let warm = vec![b'x'; 60 << 20];
    post(&coldlight, "/v1/traces", &[("content-type", PROTOBUF)], warm).await;
    let before = memory(coldlight.pid()).1;
    for (what, content_type, encoding, body) in &bombs {
        let headers = [("content-type", *content_type), ("content-encoding", *encoding)];
        let answer = post(&coldlight, "/v1/traces", &headers, body.clone()).await;
        let grown = memory(coldlight.pid()).1.saturating_sub(before) / MIB;
        println!("{what}: {} bytes, answered {}, the most memory ever grew by {grown} MiB", body.len(), answer.status);
        assert!([400, 413].contains(&answer.status.as_u16()), "{what}: {} {}", answer.status, answer.text());
        assert!(grown < 128, "{what}: {grown} MiB");
    }
    // Over gRPC, and many at the same time.
    let mut connection = grpc::Connection::open(coldlight.grpc()).await.unwrap();
    let answer = connection.call(grpc::TRACES, "gzip", &bombs[1].3).await.unwrap();
    assert!(!answer.is_ok() && answer.retry_delay().is_none(), "{answer:?}");
    let many = (0..24).map(|at| {
        let (_, content_type, encoding, body) = &bombs[1 + at % 3];
        let headers = [("content-type", *content_type), ("content-encoding", *encoding)];
        let request = web::request(Method::POST, "/v1/traces", &headers, web::whole(body.clone()));
        web::send(coldlight.otlp_http(), request)
    });
    for answer in futures_util::future::join_all(many).await {
        let status = answer.unwrap().status.as_u16();
        assert!([400, 413, 503].contains(&status), "{status}");
    }
    let grown = memory(coldlight.pid()).1.saturating_sub(before) / MIB;
    println!("24 at the same time: the most memory ever grew by {grown} MiB");
    assert!(grown < 640, "{grown} MiB: more than requests in flight may have");
    assert_eq!(coldlight.get("/readyz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn depth_without_end_is_cut_and_nothing_overflows() {
    let coldlight = Coldlight::start().await;
    let mut kept = 0;
    for map in [false, true] {
        for depth in [1, 16, 17, 47, 100, 1_000, 10_000] {
            let answer = post(&coldlight, "/v1/traces", &[("content-type", PROTOBUF)], nested(depth, map)).await;
            assert!([200, 400].contains(&answer.status.as_u16()), "{depth} {map}: {} {}", answer.status, answer.text());
            kept += u64::from(answer.status == 200 && answer.body.is_empty());
        }
    }
    println!("{kept} of 14 were kept, cut at their depth");
    coldlight.until_written(Duration::from_secs(5)).await;
    let list = |values| AnyValue { value: Some(Value::ArrayValue(ArrayValue { values })) };
    let wide = list(vec![list(Vec::new()); 1_000]);
    let pair = KeyValue { key: "k".to_owned(), value: Some(wide), ..KeyValue::default() };
    let map = Value::KvlistValue(KeyValueList { values: vec![pair; 20] });
    let mut random = Random::new("wide");
    let mut span = otlp::span("wide", random.trace_id(), random.span_id(), unix_nanos(), 1);
    span.attributes = vec![otlp::attribute("wide", map)];
    let trace = hex(&span.trace_id);
    let body = otlp::request("wide", vec![span]).encode_to_vec();
    assert_eq!(post(&coldlight, "/v1/traces", &[("content-type", PROTOBUF)], body).await.status, 200);
    coldlight.until_count("spans WHERE name = 'wide'", 1, Duration::from_secs(5)).await;
    assert_eq!(coldlight.get(&format!("/traces/{trace}")).await.status, 200);
    for question in [
        "SELECT attributes::VARCHAR FROM spans",
        "SELECT attributes['deep'] FROM spans",
        "SELECT attributes::JSON FROM spans",
    ] {
        coldlight.sql(question).await;
    }
}
