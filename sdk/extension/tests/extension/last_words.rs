//! A platform that says last what an invocation cost, as a busy host does: the test plays Lambda here, to say it when it wants.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::extract::State;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc};

use crate::surroundings::Receiver;

/// Where the extension listens for the platform, and the platform for it: a loopback address of their own.
struct Platform {
    address: Ipv4Addr,
    events: mpsc::Sender<Value>,
    extension: Child,
    _spool: tempfile::TempDir,
}

type Events = Arc<Mutex<mpsc::Receiver<Value>>>;

impl Platform {
    async fn start(receiver: &Receiver) -> Self {
        let [.., high, low] = std::process::id().to_be_bytes();
        let address = Ipv4Addr::new(127, 61, high, low);
        let listener = TcpListener::bind((address, 9001)).await.unwrap();
        let (events, next) = mpsc::channel(4);
        let register =
            async || ([("lambda-extension-identifier", "e-1")], Json(json!({ "accountId": "123456789012" })));
        let api = Router::new()
            .route("/2020-01-01/extension/register", post(register))
            .route("/2022-07-01/telemetry", put(async || "OK"))
            .route("/2020-01-01/extension/event/next", get(event))
            .with_state(Arc::new(Mutex::new(next)));
        tokio::spawn(async move { axum::serve(listener, api).await.unwrap() });
        let spool = tempfile::tempdir().unwrap();
        let extension = Command::new(env!("CARGO_BIN_EXE_coldlight-extension"))
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", format!("{address}:9001"))
            .env("AWS_LAMBDA_FUNCTION_NAME", "orders")
            .env("COLDLIGHT_ENDPOINT", &receiver.url)
            .env("COLDLIGHT_EXTENSION_SPOOL", spool.path())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self { address, events, extension, _spool: spool }
    }

    async fn event(&self, mut event: Value, within: Duration) {
        let deadline = SystemTime::UNIX_EPOCH.elapsed().unwrap() + within;
        event["deadlineMs"] = json!(deadline.as_millis() as u64);
        self.events.send(event).await.unwrap();
    }

    /// Says it over the Telemetry API, as soon as the extension listens.
    async fn tell(&self, kind: &str, record: Value) {
        let batch = json!([{ "time": "2026-03-01T12:00:00.000Z", "type": kind, "record": record }]).to_string();
        let to = SocketAddr::from((self.address, 4323));
        let mut stream = loop {
            match tokio::net::TcpStream::connect(to).await {
                Ok(stream) => break stream,
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        };
        let head =
            format!("POST / HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", batch.len());
        tokio::io::AsyncWriteExt::write_all(&mut stream, (head + &batch).as_bytes()).await.unwrap();
        let mut answer = String::new();
        tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

async fn event(State(events): State<Events>) -> Json<Value> {
    match events.lock().await.recv().await {
        Some(event) => Json(event),
        None => std::future::pending().await,
    }
}

#[tokio::test]
async fn a_report_that_comes_long_after_the_crash_is_waited_for() {
    let receiver = Receiver::start().await;
    let mut platform = Platform::start(&receiver).await;
    let told = |receiver: &Receiver, kind: &str| receiver.logs().iter().any(|log| log.kind == kind);
    platform.event(json!({ "eventType": "INVOKE", "requestId": "r-1" }), Duration::from_secs(30)).await;
    let failure = json!({ "requestId": "r-1", "status": "failure", "errorType": "Runtime.ExitError" });
    platform.tell("platform.runtimeDone", failure.clone()).await;
    receiver.until("what is known so far", |receiver| told(receiver, "platform.runtimeDone")).await;
    platform.event(json!({ "eventType": "SHUTDOWN", "shutdownReason": "failure" }), Duration::from_secs(20)).await;
    // Four times as long as the platform holds records back at most.
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(platform.extension.try_wait().unwrap().is_none(), "it leaves without knowing what the invocation cost");
    platform.tell("platform.report", failure).await;
    receiver.until("the report", |receiver| told(receiver, "platform.report")).await;
    let ended = tokio::time::timeout(Duration::from_secs(10), platform.extension.wait()).await;
    assert!(ended.expect("it ends by itself").unwrap().success());
}
