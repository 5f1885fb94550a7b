//! Secrets planted wherever text can stand: none of them reaches the outlet.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value::Value,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;
use tonic::Code;

use crate::house::{House, JSON, LOGS, TRACES, span};

/// In every secret, and nowhere else.
const CANARY: &str = "c4n4ry";

fn any(value: Value) -> AnyValue {
    AnyValue { value: Some(value) }
}

fn text(text: &str) -> AnyValue {
    any(Value::StringValue(text.into()))
}

fn pair(key: &str, value: AnyValue) -> KeyValue {
    KeyValue { key: key.into(), value: Some(value), ..Default::default() }
}

/// A pair of keys and values that each hold one secret.
fn planted() -> Vec<KeyValue> {
    let jwt = format!("eyJhbGciOiJIUzI1NiJ9.eyJ{CANARY}MTIzNDU2Nzg5MCJ9.s1gn4ture");
    vec![
        pair("url.full", text(&format!("https://user:{CANARY}@example.com/x?y=1"))),
        pair("http.url", text(&format!("https://b.s3.amazonaws.com/k?X-Amz-Signature={CANARY}&X-Amz-Date=1"))),
        pair("url.query", text(&format!("sv=1&sig={CANARY}"))),
        pair("http.target", text(&format!("/k?AWSAccessKeyId={CANARY}&Signature={CANARY}&x=%2F"))),
        pair("gcs.url", text(&format!("https://storage.googleapis.com/b/k?X-Goog-Signature={CANARY}"))),
        pair("http.request.header.authorization", any(Value::ArrayValue(ArrayValue { values: vec![text(CANARY)] }))),
        pair("http.request.header.cookie", text(&format!("session={CANARY}"))),
        pair("http.response.header.set_cookie", any(Value::ArrayValue(ArrayValue { values: vec![text(CANARY)] }))),
        pair("http.request.header.x-api-key", text(CANARY)),
        pair("session.token", text(CANARY)),
        pair("app.client_secret", any(Value::BytesValue(CANARY.into()))),
        pair("db.password", text(CANARY)),
        pair("aws.auth.account.access_key", text(CANARY)),
        pair("db.statement", text(&format!("ALTER USER app SET password = '{CANARY}'"))),
        pair("db.connection_string", text(&format!("Server=db;User Id=app;Password={CANARY};"))),
        pair("message", text(&format!("called with Authorization: Bearer {CANARY}.abc"))),
        pair("jwt", text(&format!("got {jwt} from them"))),
        pair("log.record.original", text(&format!(r#"{{"user":"a","access_token":"{CANARY}"}}"#))),
        pair(
            "headers",
            any(Value::KvlistValue(KeyValueList {
                values: vec![pair("Authorization", text(&format!("Basic {CANARY}")))],
            })),
        ),
        pair(
            "process.command_args",
            any(Value::ArrayValue(ArrayValue { values: vec![text(&format!("--password={CANARY}"))] })),
        ),
    ]
}

/// As `planted`, once more as JSON.
fn planted_json() -> String {
    let members = planted().into_iter().filter_map(|KeyValue { key, value, .. }| {
        let Some(Value::StringValue(text)) = value?.value else { return None };
        // Escaped as some encoders do, so that the bytes on the wire do not show the secret's shape.
        let text = serde_json::to_string(&text).unwrap().replace('=', "\\u003d").replace('/', "\\/");
        Some(format!(r#"{{"key":"{key}","value":{{"stringValue":{text}}}}}"#))
    });
    format!("[{}]", members.collect::<Vec<_>>().join(","))
}

#[tokio::test]
async fn planted_secrets_are_gone_before_a_batch_is_kept() {
    let house = House::open().await;
    let secret = format!("https://u:{CANARY}@h/");
    let planted_span = Span {
        name: format!("GET {secret}"),
        trace_state: format!("vendor=Bearer {CANARY}1"),
        attributes: planted(),
        events: vec![Event { name: secret.clone(), attributes: planted(), ..Default::default() }],
        links: vec![Link {
            trace_id: vec![1; 16],
            span_id: vec![1; 8],
            trace_state: format!("a={secret}"),
            attributes: planted(),
            ..Default::default()
        }],
        status: Some(Status { code: 2, message: format!("no route to {secret}") }),
        ..span(1)
    };
    let request = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource { attributes: planted(), ..Default::default() }),
            scope_spans: vec![ScopeSpans {
                scope: Some(InstrumentationScope { attributes: planted(), ..Default::default() }),
                spans: vec![planted_span],
                schema_url: String::new(),
            }],
            schema_url: String::new(),
        }],
    };
    assert_eq!(house.call(TRACES, &[], &request.encode_to_vec()).await.code(), Code::Ok);

    let record = LogRecord { body: Some(text(&secret)), attributes: planted(), ..Default::default() };
    let map = any(Value::KvlistValue(KeyValueList { values: planted() }));
    let structured = LogRecord { body: Some(map), ..Default::default() };
    let request = ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            scope_logs: vec![ScopeLogs { log_records: vec![record, structured], ..Default::default() }],
            ..Default::default()
        }],
    };
    assert_eq!(house.call(LOGS, &[], &request.encode_to_vec()).await.code(), Code::Ok);

    let json = format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","attributes":{}}}]}}]}}]}}"#,
        planted_json()
    );
    assert_eq!(house.post("/v1/traces", &[JSON], json.as_bytes()).await.status, 200);

    let kept = house.kept();
    assert_eq!(kept.len(), 3);
    let shown = format!("{kept:?}");
    let leak = shown.find(CANARY).map(|at| &shown[at.saturating_sub(100)..at + 20]);
    assert_eq!(leak, None);
    // Bytes show as numbers.
    assert!(!shown.contains("99, 52, 110, 52"));
    for harmless in ["example.com/x?y=1", "X-Amz-Date=1", "User Id=app", "User Id", "no route to https://REDACTED"] {
        assert!(shown.contains(harmless), "{harmless}");
    }
    // One in each of 20 values (two in one of them) at seven places, and those in names and states.
    let per_list = 21;
    assert!(house.receiver.counts().secrets_redacted >= 7 * per_list + 5);
}
