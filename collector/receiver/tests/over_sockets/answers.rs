//! Every situation, by every protocol, has exactly the answer that OTLP's retry rules need.

use coldlight_model::BusyReason;
use coldlight_receiver::Settings;
use http::HeaderMap;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceResponse};
use prost::Message;
use tonic::Code;
use tonic_types::StatusExt;

use crate::house::{
    FAST_KEY, GrpcAnswer, House, HttpAnswer, JSON, KEY, LOGS, METRICS, ONE_SPAN_JSON, PROTOBUF, READ_KEY, TRACES, busy,
    framed, gzip, request, span, spans,
};

/// Seconds of a gRPC answer's RetryInfo.
fn retry_delay(answer: &GrpcAnswer) -> Option<u64> {
    let details = answer.status().get_error_details();
    details.retry_info().map(|info| info.retry_delay.unwrap().as_secs())
}

#[track_caller]
fn check_refused(answer: &GrpcAnswer, code: Code, retry_s: Option<u64>) {
    assert_eq!((answer.code(), retry_delay(answer)), (code, retry_s), "{}", answer.status());
    assert!(answer.message.is_empty());
}

/// An HTTP refusal has a status of the request's content type, with the same code and details in either.
#[track_caller]
fn check_refused_http(answer: &HttpAnswer, content_type: &str, status: u16, code: Code, retry_s: Option<u64>) {
    assert_eq!((answer.status, answer.header("content-type")), (status, Some(content_type)));
    assert_eq!(answer.header("retry-after").map(|seconds| seconds.parse().unwrap()), retry_s);
    if content_type == "application/json" {
        let json = answer.json();
        assert_eq!(json["code"], code as i32, "{json}");
        assert!(!json["message"].as_str().unwrap().is_empty());
        let delay = json["details"].as_array().into_iter().flatten().find_map(|detail| detail["retryDelay"].as_str());
        assert_eq!(delay.map(str::to_owned), retry_s.map(|seconds| format!("{seconds}s")));
    } else {
        let message = answer.status_message();
        assert_eq!(message.code, code as i32, "{}", message.message);
        assert!(!message.message.is_empty());
        let has_retry = message.details.iter().any(|any| any.type_url.ends_with("google.rpc.RetryInfo"));
        assert_eq!(has_retry, retry_s.is_some());
    }
}

const HTTP: [(&str, &str); 2] = [(PROTOBUF, "application/x-protobuf"), (JSON, "application/json")];

#[tokio::test]
async fn a_kept_batch_and_an_empty_request_are_full_success() {
    let house = House::open().await;
    for message in [request(spans(3)), vec![], request(vec![])] {
        let answer = house.call(TRACES, &[], &message).await;
        assert_eq!((answer.http_status, answer.code(), answer.content()), (200, Code::Ok, &[][..]));
        let answer = house.post("/v1/traces", &[PROTOBUF], &message).await;
        assert_eq!((answer.status, answer.body.as_slice()), (200, &[][..]));
        assert_eq!(answer.header("content-type"), Some("application/x-protobuf"));
    }
    for json in [ONE_SPAN_JSON, "{}", r#"{"resourceSpans":[]}"#] {
        let answer = house.post("/v1/traces", &[JSON], json.as_bytes()).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, "{}"));
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    for (method, path) in [(LOGS, "/v1/logs"), (METRICS, "/v1/metrics")] {
        assert_eq!(house.call(method, &[], &[]).await.code(), Code::Ok);
        assert_eq!(house.post(path, &[PROTOBUF], &[]).await.status, 200);
        assert_eq!(house.post(path, &[JSON], b"{}").await.text(), "{}");
    }
    assert_eq!(house.kept_spans(), 7);
    let counts = house.receiver.counts();
    assert_eq!((counts.requests, counts.spans, counts.spans_rejected), (15, 7, 0));
    assert!(counts.refusals.iter().all(|refusal| refusal.count == 0));
    assert_eq!(counts.in_flight_bytes, 0);
}

#[tokio::test]
async fn some_invalid_spans_are_a_partial_success() {
    let house = House::open().await;
    let mut all = spans(5);
    all[1].trace_id = vec![0; 16];
    all[3].span_id = vec![1; 7];
    let expected = ExportTracePartialSuccess {
        rejected_spans: 2,
        error_message: "2 of 5 spans rejected; 1 with a trace id that is not 16 bytes or all zero; \
            1 with a span id that is not 8 bytes or all zero"
            .into(),
    };
    let answer = house.call(TRACES, &[], &request(all.clone())).await;
    let partial = |bytes: &[u8]| ExportTraceServiceResponse::decode(bytes).unwrap().partial_success.unwrap();
    assert_eq!((answer.code(), partial(answer.content())), (Code::Ok, expected.clone()));
    let answer = house.post("/v1/traces", &[PROTOBUF], &request(all)).await;
    assert_eq!((answer.status, partial(&answer.body)), (200, expected));
    let json = ONE_SPAN_JSON.replace("eee19b7ec3c1b174", "7uGbfsPBsXQ=");
    let answer = house.post("/v1/traces", &[JSON], json.as_bytes()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["partialSuccess"]["rejectedSpans"], "1");
    let counts = house.receiver.counts();
    assert_eq!((counts.spans, counts.spans_rejected, house.kept_spans()), (11, 5, 6));
}

#[tokio::test]
async fn a_mended_record_is_a_warning_without_rejects() {
    let house = House::open().await;
    let answer =
        house.post("/v1/logs", &[JSON], br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":"ab"}]}]}]}"#);
    let json = answer.await.json();
    assert_eq!(json["partialSuccess"]["rejectedLogRecords"], "0");
    let mut orphan = span(1);
    orphan.parent_span_id = vec![1; 3];
    let answer = house.call(TRACES, &[], &request(vec![orphan])).await;
    let partial = ExportTraceServiceResponse::decode(answer.content()).unwrap().partial_success.unwrap();
    assert_eq!((partial.rejected_spans, partial.error_message.is_empty()), (0, false));
    assert_eq!(house.kept_spans(), 1);
    assert!(
        ExportLogsServiceResponse::decode(house.call(LOGS, &[], &[]).await.content())
            .unwrap()
            .partial_success
            .is_none()
    );
}

#[tokio::test]
async fn what_cannot_be_decoded_is_invalid_and_says_where() {
    let house = House::open().await;
    // Field 1 must be a message; and a length beyond the end.
    for bad in [&[0x08, 1][..], &[0x0a, 9, 1], b"{\"resourceSpans\":[]}"] {
        let answer = house.call(TRACES, &[], bad).await;
        check_refused(&answer, Code::InvalidArgument, None);
        let details = answer.status().get_error_details();
        assert!(details.bad_request().unwrap().field_violations[0].field.contains("TraceRequest at byte"));
        let answer = house.post("/v1/traces", &[PROTOBUF], bad).await;
        check_refused_http(&answer, "application/x-protobuf", 400, Code::InvalidArgument, None);
        assert!(answer.status_message().details[0].type_url.ends_with("google.rpc.BadRequest"));
    }
    for bad in ["", "[]", "{", "{\"resourceSpans\":7}", "{}x", "\u{1}"] {
        let answer = house.post("/v1/traces", &[JSON], bad.as_bytes()).await;
        check_refused_http(&answer, "application/json", 400, Code::InvalidArgument, None);
        assert!(answer.json()["details"][0]["fieldViolations"][0]["field"].as_str().unwrap().starts_with("byte"));
    }
    // Not gRPC's framing; not what the encoding says.
    check_refused(&house.call_raw(TRACES, &[], &[]).await, Code::InvalidArgument, None);
    check_refused(&house.call_raw(TRACES, &[], &framed(9, b"")).await, Code::InvalidArgument, None);
    let two = [framed(0, &request(spans(1))), framed(0, b"")].concat();
    check_refused(&house.call_raw(TRACES, &[], &two).await, Code::InvalidArgument, None);
    let answer = house.call_raw(TRACES, &[("grpc-encoding", "gzip")], &framed(1, b"not gzip")).await;
    check_refused(&answer, Code::InvalidArgument, None);
    let answer = house.post("/v1/traces", &[PROTOBUF, "content-encoding: zstd"], b"not zstd").await;
    check_refused_http(&answer, "application/x-protobuf", 400, Code::InvalidArgument, None);
    assert_eq!((house.kept_spans(), house.receiver.counts().requests), (0, 0));
}

#[tokio::test]
async fn too_many_elements_are_invalid_and_too_many_bytes_exhausting() {
    let settings = Settings { max_body_bytes: 100_000, max_decoded_bytes: 2_000_000, ..Settings::default() };
    let house = House::with(settings, false).await;
    // 40,000 spans of two bytes would take 10 MB.
    let many = request(vec![Default::default(); 20_000]);
    check_refused(&house.call(TRACES, &[], &many).await, Code::InvalidArgument, None);
    let json = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{}{{}}]}}]}}]}}"#, "{},".repeat(20_000));
    for (content_type, body) in [(HTTP[0], many.as_slice()), (HTTP[1], json.as_bytes())] {
        let answer = house.post("/v1/traces", &[content_type.0], body).await;
        check_refused_http(&answer, content_type.1, 400, Code::InvalidArgument, None);
    }
    assert_eq!(house.refused("over budget"), 3);

    let large = vec![0x0a; 100_001];
    check_refused(&house.call(TRACES, &[], &large).await, Code::ResourceExhausted, None);
    let squeezed = gzip(&large);
    let answer = house.call_raw(TRACES, &[("grpc-encoding", "gzip")], &framed(1, &squeezed)).await;
    check_refused(&answer, Code::ResourceExhausted, None);
    for (header, content_type) in HTTP {
        let answer = house.post("/v1/traces", &[header], &large).await;
        check_refused_http(&answer, content_type, 413, Code::ResourceExhausted, None);
        let answer = house.post("/v1/traces", &[header, "content-encoding: gzip"], &squeezed).await;
        check_refused_http(&answer, content_type, 413, Code::ResourceExhausted, None);
    }
    let chunked = [format!("{:x}\r\n", large.len()).as_bytes(), &large, b"\r\n0\r\n\r\n"].concat();
    let head = ["POST /v1/traces HTTP/1.1", "host: x", PROTOBUF, "transfer-encoding: chunked"];
    let answer = house.raw(&head, &chunked).await;
    check_refused_http(&answer, "application/x-protobuf", 413, Code::ResourceExhausted, None);
    assert_eq!(house.refused("too large"), 7);
}

#[tokio::test]
async fn wrong_paths_methods_types_and_encodings_are_unimplemented() {
    let house = House::open().await;
    for method in ["/opentelemetry.proto.collector.trace.v1.TraceService/Import", "/x.Y/Z", "/"] {
        check_refused(&house.call(method, &[], &[]).await, Code::Unimplemented, None);
    }
    let answer = house.call(TRACES, &[("grpc-encoding", "snappy")], &[]).await;
    check_refused(&answer, Code::Unimplemented, None);
    assert_eq!(answer.headers["grpc-accept-encoding"], "identity,gzip,zstd,deflate");
    let answer = house.call(TRACES, &[("content-type", "application/json")], &[]).await;
    assert_eq!((answer.http_status, answer.code()), (415, Code::Unimplemented));

    let unimplemented = async |status: u16, head: &[&str]| {
        let answer = house.raw(head, b"").await;
        check_refused_http(&answer, "application/json", status, Code::Unimplemented, None);
        answer
    };
    let answer = unimplemented(405, &["GET /v1/traces HTTP/1.1", "host: x"]).await;
    assert_eq!(answer.header("allow"), Some("POST"));
    unimplemented(405, &["PUT /v1/logs HTTP/1.1", "host: x", JSON]).await;
    unimplemented(404, &["POST /v1/profiles HTTP/1.1", "host: x", JSON]).await;
    unimplemented(404, &["GET / HTTP/1.1", "host: x"]).await;
    unimplemented(415, &["POST /v1/traces HTTP/1.1", "host: x", "content-type: text/plain"]).await;
    unimplemented(415, &["POST /v1/traces HTTP/1.1", "host: x"]).await;
    let answer = house.post("/v1/traces", &[PROTOBUF, "content-encoding: br"], b"x").await;
    check_refused_http(&answer, "application/x-protobuf", 415, Code::Unimplemented, None);
    // gzip within gzip is one encoding too many.
    let twice = gzip(&gzip(&request(spans(1))));
    let answer = house.post("/v1/traces", &[JSON, "content-encoding: gzip, gzip"], &twice).await;
    check_refused_http(&answer, "application/json", 415, Code::Unimplemented, None);
    let answer = house.post("/v1/traces", &[PROTOBUF, "content-encoding: gzip"], &twice).await;
    check_refused_http(&answer, "application/x-protobuf", 400, Code::InvalidArgument, None);
}

#[tokio::test]
async fn protocols_sent_to_each_others_ports_are_told_so() {
    let mut house = House::open().await;
    let answer = house.post("/v1/traces", &["content-type: application/grpc"], b"").await;
    assert_eq!(answer.status, 415);
    assert!(answer.json()["message"].as_str().unwrap().contains("OTLP/gRPC has a port of its own"));
    std::mem::swap(&mut house.grpc, &mut house.http);
    let answer = house.post("/v1/traces", &[PROTOBUF], &request(spans(1))).await;
    check_refused_http(&answer, "application/x-protobuf", 415, Code::Unimplemented, None);
    assert!(answer.status_message().message.contains("OTLP/HTTP has a port of its own"));
}

#[tokio::test]
async fn keys_are_asked_for_before_anything_else() {
    let house = House::with(Settings::default(), true).await;
    let message = request(spans(1));
    let bearer = |key: &str| format!("Bearer {key}");
    for (key, code) in [("wrong", Code::Unauthenticated), (READ_KEY, Code::PermissionDenied), (KEY, Code::Ok)] {
        let answer = house.call(TRACES, &[("authorization", &bearer(key))], &message).await;
        assert_eq!(answer.code(), code);
        assert_eq!(house.call(TRACES, &[("x-coldlight-key", key)], &message).await.code(), code);
    }
    check_refused(&house.call("/no/such", &[], &message).await, Code::Unauthenticated, None);
    for (header, content_type) in HTTP {
        let answer = house.post("/v1/traces", &[header], &message).await;
        check_refused_http(&answer, content_type, 401, Code::Unauthenticated, None);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        let denied = format!("authorization: bearer {READ_KEY}");
        let answer = house.post("/no/such", &[header, &denied], &message).await;
        check_refused_http(&answer, content_type, 403, Code::PermissionDenied, None);
    }
    let granted = format!("X-Coldlight-Key: {KEY}");
    assert_eq!(house.post("/v1/traces", &[PROTOBUF, &granted], &message).await.status, 200);
    assert_eq!((house.refused("unauthenticated"), house.refused("denied"), house.kept_spans()), (5, 4, 3));
    assert_eq!(house.asked_for_room.load(std::sync::atomic::Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_key_that_sends_too_much_is_told_when_to_come_again() {
    let house = House::with(Settings::default(), true).await;
    let message = request(spans(1));
    check_refused(
        &house.call(TRACES, &[("x-coldlight-key", FAST_KEY)], &message).await,
        Code::ResourceExhausted,
        Some(2),
    );
    for (header, content_type) in HTTP {
        let answer = house.post("/v1/traces", &[header, &format!("x-coldlight-key: {FAST_KEY}")], &message).await;
        check_refused_http(&answer, content_type, 429, Code::ResourceExhausted, Some(2));
    }
    assert_eq!((house.refused("rate"), house.kept_spans()), (3, 0));
}

#[tokio::test]
async fn a_foreign_host_name_is_misdirected_where_hosts_are_checked() {
    let allowed_hosts = Some(vec!["localhost".into(), "127.0.0.1".into(), "[::1]".into()]);
    let house = House::with(Settings { allowed_hosts, ..Settings::default() }, false).await;
    let ask = async |host: &str| {
        let host = format!("host: {host}");
        let head = ["POST /v1/traces HTTP/1.1", host.as_str(), JSON, "content-length: 2"];
        house.raw(&head, b"{}").await
    };
    for host in ["localhost", "localhost:4318", "LOCALHOST", "127.0.0.1:1", "[::1]:4318", "[::1]"] {
        assert_eq!(ask(host).await.status, 200, "{host}");
    }
    for host in ["evil.example", "localhost.evil.example:4318", "evil.example:80@localhost", ""] {
        check_refused_http(&ask(host).await, "application/json", 421, Code::PermissionDenied, None);
    }
    // gRPC is out of a page's reach.
    assert_eq!(house.call(TRACES, &[], &[]).await.code(), Code::Ok);
}

#[tokio::test]
async fn whatever_keeps_the_store_from_taking_is_unavailable_with_a_delay() {
    let house = House::open().await;
    let message = request(spans(1));
    let mut situations = 0;
    for reason in BusyReason::ALL {
        for before in [true, false] {
            house.store(|store| {
                store.room = if before { busy(reason) } else { None };
                store.keep = if before { None } else { busy(reason) };
            });
            check_refused(&house.call(TRACES, &[], &message).await, Code::Unavailable, Some(2));
            let answer = house.post("/v1/traces", &[PROTOBUF], &message).await;
            check_refused_http(&answer, "application/x-protobuf", 503, Code::Unavailable, Some(2));
            let answer = house.post("/v1/traces", &[JSON], ONE_SPAN_JSON.as_bytes()).await;
            check_refused_http(&answer, "application/json", 503, Code::Unavailable, Some(2));
            situations += 1;
        }
        assert_eq!(house.refused(reason.name()), 6);
    }
    assert_eq!((situations, house.kept_spans(), house.receiver.counts().spans), (12, 0, 0));
}

#[tokio::test]
async fn a_panic_is_internal_and_not_to_be_retried() {
    let house = House::open().await;
    house.store(|store| store.panics = true);
    check_refused(&house.call(TRACES, &[], &request(spans(1))).await, Code::Internal, None);
    for (header, content_type) in HTTP {
        let body = if header == JSON { ONE_SPAN_JSON.as_bytes().to_vec() } else { request(spans(1)) };
        let answer = house.post("/v1/traces", &[header], &body).await;
        check_refused_http(&answer, content_type, 500, Code::Internal, None);
    }
    assert_eq!(house.refused("panicked"), 3);
    house.store(|store| store.panics = false);
    assert_eq!(house.call(TRACES, &[], &request(spans(1))).await.code(), Code::Ok);
}

#[tokio::test]
async fn grpc_success_has_its_status_in_trailers_and_refusals_in_headers() {
    let house = House::open().await;
    let answer = house.call(TRACES, &[], &request(spans(1))).await;
    assert_eq!(answer.headers["content-type"], "application/grpc");
    assert_eq!(answer.trailers.unwrap()["grpc-status"], "0");
    let answer = house.call("/no/such", &[], &[]).await;
    let of = |headers: &HeaderMap| headers.get("grpc-status").map(|value| value.to_str().unwrap().to_owned());
    assert_eq!((of(&answer.headers).as_deref(), answer.trailers), (Some("12"), None));
}
