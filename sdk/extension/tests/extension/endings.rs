//! Invocations that end badly: what is known of them arrives, without waiting for another one.

use std::time::Duration;

use coldlight_local::Function;
use serde_json::{Value, json};

use crate::surroundings::{Lambda, Log, Receiver, function};

/// Invokes with `event`, and asks what came of it without any further invocation.
async fn check(event: Value, seconds: u64, status: &str, error: Option<&str>) {
    let receiver = Receiver::start().await;
    let lambda = Lambda::new(Function { timeout: Duration::from_secs(seconds), ..function(&receiver) }).await;
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
    // The next one initialises inside itself, and the extension that starts there hears of all of it.
    let next = lambda.invoke(json!({ "spans": 1 })).await;
    assert!(next.result.is_ok() && next.report.init.is_none(), "{next:?}");
    lambda.fleet.shut_down().await;
    let logs = receiver.logs();
    for kind in ["platform.start", "platform.runtimeDone", "platform.report"] {
        let of_next = |log: &&Log| log.kind == kind && log.invocation.as_ref() == Some(&next.report.request_id);
        assert_eq!(logs.iter().filter(of_next).count(), 1, "{kind} of the next one in {logs:?}");
    }
    let inside = logs.iter().find(|log| log.kind == "platform.initReport" && log.body["phase"] == "invoke");
    assert!(inside.is_some_and(|log| log.body["status"] == "success"), "{inside:?}");
}

#[tokio::test]
async fn a_timeout() {
    check(json!({ "spans": 2, "then": "sleep" }), 2, "timeout", None).await;
}

#[tokio::test]
async fn a_crash() {
    check(json!({ "spans": 2, "then": "exit" }), 30, "failure", Some("Runtime.ExitError")).await;
}

#[tokio::test]
async fn too_much_memory() {
    check(json!({ "spans": 2, "then": "hold" }), 30, "failure", Some("Runtime.OutOfMemory")).await;
}
