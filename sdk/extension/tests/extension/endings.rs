//! Invocations that end badly: what is known of them arrives, without waiting for another one.

use std::time::Duration;

use coldlight_local::Function;
use serde_json::{Value, json};

use crate::surroundings::{Lambda, Receiver, function};

/// Invokes with `event`, and asks what came of it without any further invocation.
async fn check(event: Value, status: &str, error: Option<&str>) {
    let receiver = Receiver::start().await;
    let lambda = Lambda::new(Function { timeout: Duration::from_millis(1_500), ..function(&receiver) }).await;
    let complete = lambda.invoke(event).await;
    assert!(complete.result.is_err());
    let id = &complete.report.request_id;
    receiver
        .until("the span and the report", |receiver| {
            receiver.spans().len() == 2 && receiver.logs().iter().any(|log| log.kind == "platform.report")
        })
        .await;
    let logs = receiver.logs();
    for kind in ["platform.start", "platform.runtimeDone", "platform.report"] {
        let log = logs.iter().find(|log| log.kind == kind && log.invocation.as_ref() == Some(id));
        let log = log.unwrap_or_else(|| panic!("{kind} in {logs:?}"));
        if kind != "platform.start" {
            assert_eq!(log.body["status"], status, "{log:?}");
            assert_eq!(log.body["errorType"].as_str(), error, "{log:?}");
        }
    }
}

#[tokio::test]
async fn a_timeout() {
    check(json!({ "spans": 2, "then": "sleep" }), "timeout", None).await;
}

#[tokio::test]
async fn a_crash() {
    check(json!({ "spans": 2, "then": "exit" }), "failure", Some("Runtime.ExitError")).await;
}

#[tokio::test]
async fn too_much_memory() {
    check(json!({ "spans": 2, "then": "hold" }), "failure", Some("Runtime.OutOfMemory")).await;
}
