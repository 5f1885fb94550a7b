//! Secrets that applications put into their telemetry by accident never touch the disk, the log or an answer.

use std::time::Duration;

use coldlight_tests::clock::unix_nanos;
use coldlight_tests::measure::files;
use coldlight_tests::otlp::{self, attribute, text};
use coldlight_tests::random::{Random, hex};
use coldlight_tests::{Coldlight, grpc, web};
use http::Method;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Status};
use prost::Message;

/// Makes secrets that can be found again: each is unlike anything else, and remembered with its place.
struct Planter {
    random: Random,
    planted: Vec<(String, &'static str)>,
}

impl Planter {
    /// A secret without a shape of its own: only its place tells that it is one.
    fn plain(&mut self, place: &'static str) -> String {
        let secret = format!("zq{:016x}{:016x}", self.random.number(), self.random.number());
        self.planted.push((secret.clone(), place));
        secret
    }

    /// An AWS key id, which is recognised wherever it stands.
    fn key_id(&mut self, prefix: &str, place: &'static str) -> String {
        let letters = (0..16).map(|_| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[self.random.below(32) as usize]));
        let secret: String = prefix.chars().chain(letters).collect();
        self.planted.push((secret.clone(), place));
        secret
    }

    /// A JSON web token; its signature is what is looked for.
    fn token(&mut self, place: &'static str) -> String {
        let signature =
            format!("{:016x}{:016x}{:016x}", self.random.number(), self.random.number(), self.random.number());
        self.planted.push((signature.clone(), place));
        format!("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.{signature}")
    }
}

fn map(values: Vec<KeyValue>) -> Value {
    Value::KvlistValue(KeyValueList { values })
}

fn list(value: String) -> Value {
    Value::ArrayValue(ArrayValue { values: vec![AnyValue { value: Some(Value::StringValue(value)) }] })
}

fn spans(planter: &mut Planter, trace_id: [u8; 16]) -> Vec<ResourceSpans> {
    let mut span = otlp::span("GET /orders", trace_id, planter.random.span_id(), unix_nanos(), 1_000_000);
    let full = format!(
        "https://user:{}@example.org/a?sig={}&X-Amz-Signature={}&X-Amz-Security-Token={}&page=2",
        planter.plain("password in a URL"),
        planter.plain("sig in a URL"),
        planter.plain("X-Amz-Signature in a URL"),
        planter.plain("X-Amz-Security-Token in a URL"),
    );
    span.attributes = vec![
        text("url.full", full),
        text(
            "http.url",
            format!("https://example.org/?AWSAccessKeyId={}", planter.plain("AWSAccessKeyId in an old URL")),
        ),
        text("url.query", format!("X-Goog-Signature={}&a=b", planter.plain("X-Goog-Signature in a query"))),
        attribute(
            "http.request.header.authorization",
            list(format!("Basic {}", planter.plain("authorization header"))),
        ),
        attribute("http.request.header.cookie", list(format!("session={}", planter.plain("cookie header")))),
        attribute("http.response.header.set-cookie", list(format!("session={}", planter.plain("set-cookie header")))),
        text("http.request.header.x-api-key", planter.plain("x-api-key header")),
        text("app.refresh_token", planter.plain("attribute named token")),
        text("app.client_secret", planter.plain("attribute named secret")),
        text("db.password", planter.plain("attribute named password")),
        text("aws.auth.account.access_key", planter.key_id("AKIA", "access key id of an attribute")),
        text("db.query.text", format!("SELECT * FROM t WHERE k = '{}'", planter.key_id("ASIA", "key id in SQL"))),
        text("baggage", format!("a=b,auth=Bearer {}", planter.plain("bearer in baggage"))),
        text("note", format!("login with {}", planter.token("token in free text"))),
        attribute("app.login", map(vec![text("user", "u"), text("password", planter.plain("password in a map"))])),
    ];
    span.name = format!("GET /login/{}", planter.key_id("AKIA", "key id in a span's name"));
    let message = format!("401 with Bearer {}", planter.plain("bearer in the status message"));
    span.status = Some(Status { code: otlp::ERROR, message });
    let exception = format!("rejected {}", planter.token("token in an exception"));
    let events = vec![text("exception.message", exception), text("api_token", planter.plain("attribute of an event"))];
    span.events = vec![Event {
        time_unix_nano: unix_nanos(),
        name: "exception".to_owned(),
        attributes: events,
        ..Event::default()
    }];
    let link = vec![text("link.secret", planter.plain("attribute of a link"))];
    span.links = vec![Link { trace_id: vec![7; 16], span_id: vec![7; 8], attributes: link, ..Link::default() }];
    let resource = vec![text("deployment.secret", planter.plain("attribute of the resource"))];
    vec![otlp::resource_spans(otlp::resource("careless", resource), vec![span])]
}

fn logs(planter: &mut Planter, trace_id: [u8; 16]) -> ExportLogsServiceRequest {
    let record = |body: Value, attributes: Vec<KeyValue>| LogRecord {
        time_unix_nano: unix_nanos(),
        trace_id: trace_id.to_vec(),
        body: Some(AnyValue { value: Some(body) }),
        attributes,
        ..LogRecord::default()
    };
    let said = format!("Authorization: Bearer {}", planter.plain("bearer in a log line"));
    let structured = map(vec![text("authorization", planter.plain("authorization in a log body"))]);
    let log_records = vec![
        record(Value::StringValue(said), vec![text("session_token", planter.plain("attribute of a log record"))]),
        record(structured, Vec::new()),
    ];
    let scope_logs = vec![ScopeLogs { log_records, ..ScopeLogs::default() }];
    let resource = Some(otlp::resource("careless", Vec::new()));
    ExportLogsServiceRequest { resource_logs: vec![ResourceLogs { resource, scope_logs, ..ResourceLogs::default() }] }
}

/// A span in JSON, with secrets where only the JSON decoder passes.
fn json(planter: &mut Planter, trace_id: [u8; 16]) -> String {
    let (start, span_id) = (unix_nanos(), hex(&planter.random.span_id()));
    serde_json::json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [{
        "traceId": hex(&trace_id), "spanId": span_id, "name": "json", "startTimeUnixNano": start.to_string(),
        "endTimeUnixNano": (start + 1_000).to_string(), "attributes": [
            { "key": "http.request.header.proxy-authorization", "value": { "stringValue": planter.plain("JSON header") } },
            { "key": "url.full", "value": { "stringValue":
                format!("https://example.org/?X-Amz-Credential={}", planter.plain("X-Amz-Credential in a JSON URL")) } },
        ] }] }] }] })
    .to_string()
}

fn found(bytes: &[u8], planter: &Planter) -> Vec<&'static str> {
    let holds = |secret: &str| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
    planter.planted.iter().filter(|(secret, _)| holds(secret)).map(|(_, place)| *place).collect()
}

fn search(coldlight: &Coldlight, planter: &Planter, when: &str) {
    let data = files(coldlight.data());
    assert!(!data.is_empty());
    for file in data {
        let found = found(&std::fs::read(&file).unwrap_or_default(), planter);
        assert!(found.is_empty(), "{when}: {} holds {found:?}", file.display());
    }
    let spoken = coldlight.log() + &coldlight.said();
    assert_eq!(found(spoken.as_bytes(), planter), Vec::<&str>::new(), "{when}: said aloud");
}

#[tokio::test(flavor = "multi_thread")]
async fn planted_secrets_are_nowhere_in_files_log_or_answers() {
    let mut planter = Planter { random: Random::new("secrets"), planted: Vec::new() };
    let trace_id = planter.random.trace_id();
    // The journal holds everything that came in, uncompressed, as long as no checkpoint lets go of it.
    let mut coldlight = Coldlight::start().await;
    let mut connection = grpc::Connection::open(coldlight.grpc()).await.unwrap();
    let request = otlp::trace_request(spans(&mut planter, trace_id)).encode_to_vec();
    assert!(connection.call(grpc::TRACES, "identity", &request).await.unwrap().is_ok());
    let request = logs(&mut planter, trace_id).encode_to_vec();
    assert!(connection.call(grpc::LOGS, "identity", &request).await.unwrap().is_ok());
    let headers = [("content-type", "application/json")];
    let request = web::request(Method::POST, "/v1/traces", &headers, web::whole(json(&mut planter, trace_id)));
    assert_eq!(web::send(coldlight.otlp_http(), request).await.unwrap().status, 200);
    assert!(planter.planted.len() >= 20, "{} places", planter.planted.len());

    coldlight.until_count("spans", 2, Duration::from_secs(2)).await;
    coldlight.until_count("logs", 2, Duration::from_secs(2)).await;
    search(&coldlight, &planter, "while running");
    let trace = hex(&trace_id);
    // Compressed values escape a search of files, but not these.
    for path in
        [format!("/traces/{trace}/otlp.json"), format!("/traces/{trace}?rows=all"), "/status".into(), "/metrics".into()]
    {
        let answer = coldlight.get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(found(&answer.body, &planter), Vec::<&str>::new(), "{path}");
    }
    for table in ["spans", "logs", "resources"] {
        let everything = format!("{:?}", coldlight.sql(&format!("SELECT * FROM {table}")).await.rows);
        assert!(everything.contains("careless"), "{everything}");
        assert_eq!(found(everything.as_bytes(), &planter), Vec::<&str>::new(), "{table}");
    }
    // What is no secret is still there.
    let kept = coldlight.get(&format!("/traces/{trace}/otlp.json")).await.text();
    for innocent in ["example.org/a?", "page=2", "SELECT * FROM t", "login with ", "401 with ", "\"user\""] {
        assert!(kept.contains(innocent), "{innocent} is gone: {kept}");
    }
    let status = coldlight.get("/api/v1/status").await.json();
    let redacted = status["receiver"]["secrets_redacted"].as_u64().unwrap();
    assert!(redacted >= planter.planted.len() as u64, "{redacted} of {} counted", planter.planted.len());

    coldlight.kill9();
    search(&coldlight, &planter, "killed");
    coldlight.start_again().await;
    coldlight.stop().await;
    search(&coldlight, &planter, "stopped");
}
