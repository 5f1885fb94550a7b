//! What passes through: spans in every form, with what the platform tells, once an invocation.

use std::time::{Duration, Instant};

use coldlight_local::{Function, Request};
use serde_json::json;

use crate::surroundings::{Lambda, Receiver, function};

#[tokio::test]
async fn spans_in_every_form_pass_through_the_extension() {
    let receiver = Receiver::start().await;
    let lambda = Lambda::new(function(&receiver)).await;
    for (index, how) in ["protobuf", "gzip", "json", "grpc"].into_iter().enumerate() {
        let complete = lambda.invoke(json!({ "spans": 3, "how": how })).await;
        assert!(complete.result.is_ok(), "{how}: {complete:?}");
        assert_eq!(receiver.spans().len(), 3 * (index + 1), "{how}: there before the environment can serve again");
    }
    // The function knows no other address than the extension's.
    assert_eq!(*receiver.kept.requests.lock().unwrap(), [3, 3, 3, 3], "one export an invocation");
}

#[tokio::test]
async fn the_platform_is_heard_and_every_invocation_has_its_report() {
    let receiver = Receiver::start().await;
    let lambda = Lambda::new(function(&receiver)).await;
    let first = lambda.invoke(json!({ "spans": 1 })).await.report;
    let second = lambda.invoke(json!({ "spans": 1 })).await.report;
    lambda.fleet.shut_down().await;
    let logs = receiver.logs();
    for report in [&first, &second] {
        for kind in ["platform.start", "platform.runtimeDone", "platform.report", "coldlight.extension"] {
            let found =
                logs.iter().filter(|log| log.kind == kind && log.invocation.as_ref() == Some(&report.request_id));
            assert_eq!(found.count(), 1, "{kind} of {}", report.request_id);
        }
    }
    let told = logs.iter().find(|log| log.kind == "platform.report").unwrap();
    assert_eq!(told.body["metrics"]["billedDurationMs"], first.billed_ms());
    assert_eq!(told.resource["faas.instance"], first.environment);
    assert_eq!(told.resource["faas.max_memory"], 128 << 20);
    for kind in ["platform.initStart", "platform.initRuntimeDone", "platform.initReport"] {
        let init: Vec<_> = logs.iter().filter(|log| log.kind == kind).collect();
        assert_eq!(init.len(), 1, "{kind}");
        assert_eq!(init[0].resource["faas.instance"], first.environment, "{kind} joins by its environment");
    }
    let taxes: Vec<_> = logs.iter().filter(|log| log.kind == "coldlight.extension").collect();
    assert!(taxes[0].body["initMs"].as_f64().unwrap() > 0.0, "{taxes:?}");
    assert!(taxes[0].body["memoryKB"].as_u64().unwrap() < 64 << 10, "{taxes:?}");
    assert!(taxes[1].body["lastPostRuntimeMs"].as_f64().is_some(), "{taxes:?}");
}

#[tokio::test]
async fn what_the_function_logs_is_taken_when_it_is_wanted() {
    let receiver = Receiver::start().await;
    let mut quiet = function(&receiver);
    quiet.variables.insert("COLDLIGHT_EXTENSION_LOGS".to_owned(), "true".to_owned());
    let lambda = Lambda::new(Function { timeout: Duration::from_millis(500), ..quiet }).await;
    // The platform writes a line into the function's log when it runs out of time.
    let late = lambda.invoke(json!({ "then": "sleep" })).await.report;
    receiver.until("the line", |receiver| receiver.logs().iter().any(|log| log.kind == "function")).await;
    let lines = receiver.logs();
    let line = lines.iter().find(|log| log.kind == "function").unwrap();
    assert_eq!(line.invocation.as_ref(), Some(&late.request_id));
    assert!(line.body.as_str().unwrap().contains("Task timed out after 0.50 seconds"), "{line:?}");
}

#[tokio::test]
async fn a_slow_collector_makes_no_caller_wait() {
    let receiver = Receiver::start().await;
    let lambda = Lambda::new(function(&receiver)).await;
    lambda.invoke(json!({ "spans": 1 })).await;
    receiver.kept.delay_ms.store(700, std::sync::atomic::Ordering::Relaxed);
    let start = Instant::now();
    let answer = lambda.fleet.invoke(Request::new(json!({ "spans": 1 }).to_string())).await.unwrap();
    let answered = start.elapsed();
    let report = answer.complete().await.unwrap().report;
    assert!(answered < Duration::from_millis(350), "{answered:?}");
    assert!(report.duration > Duration::from_millis(700), "it is billed, though: {report:?}");
    assert_eq!(receiver.spans().len(), 2);
}

#[tokio::test]
async fn under_steady_load_nothing_is_waited_for() {
    let receiver = Receiver::start().await;
    let lambda = Lambda::new(function(&receiver)).await;
    let mut durations = Vec::new();
    for _ in 0..40 {
        durations.push(lambda.invoke(json!({ "spans": 1 })).await.report.duration);
    }
    let mean = |some: &[Duration]| some.iter().sum::<Duration>() / some.len() as u32;
    // The platform tells 25 ms late that the runtime is done: waited for at first, no longer under load.
    assert!(mean(&durations[2..19]) > Duration::from_millis(25), "{durations:?}");
    assert!(mean(&durations[22..]) < mean(&durations[2..19]), "{durations:?}");
    lambda.fleet.shut_down().await;
    assert_eq!(receiver.spans().len(), 40);
}
