//! The phases: cold and warm, frozen, too slow, too large, broken, retired.

use std::time::{Duration, Instant};

use coldlight_local::function::LogFormat;
use coldlight_local::{Function, LocalError, Request};
use serde_json::{Value, json};

use crate::surroundings::{Watched, error, function};

#[tokio::test]
async fn the_first_invocation_starts_cold_and_pays_for_it() {
    let lambda = Watched::new(function()).await;
    let cold = lambda.invoke(json!({})).await.report;
    let warm = lambda.invoke(json!({})).await.report;
    let init = cold.init.expect("the first one initialises");
    assert!(cold.billed_ms() >= (init + cold.duration).as_millis() as u64, "{cold:?}");
    assert_eq!(warm.init, None);
    assert_eq!(cold.environment, warm.environment);
    assert!(warm.max_memory_mb > 0 && warm.max_memory_mb < 128, "{warm:?}");
    assert!(lambda.line(&["START", &warm.request_id]).await.ends_with("Version: $LATEST"));
    lambda.line(&["END", &warm.request_id]).await;
    let report = lambda.line(&["REPORT", &cold.request_id]).await;
    assert!(report.contains("\tInit Duration: ") && report.contains(" ms\tBilled Duration: "), "{report}");
}

#[tokio::test]
async fn a_runtime_is_told_what_lambda_tells() {
    let lambda = Watched::new(Function { memory_mb: 256, ..function() }).await;
    let header = "Root=1-65e1a2b0-0123456789abcdef01234567;Parent=d68f0a1b2c3d4e5f;Sampled=1";
    let request = Request { trace: Some(header.to_owned()), ..Request::new(r#"{"order":7}"#) };
    let complete = lambda.fleet.invoke(request).await.unwrap().complete().await.unwrap();
    let answer: Value = serde_json::from_slice(&complete.result.unwrap()).unwrap();
    assert_eq!(answer["got"]["order"], 7);
    assert_eq!(answer["request"], complete.report.request_id);
    assert_eq!(answer["arn"], "arn:aws:lambda:us-east-1:123456789012:function:orders");
    assert_eq!(answer["memory"], 256);
    let trace = answer["trace"].as_str().unwrap();
    assert!(trace.starts_with("Root=1-65e1a2b0-0123456789abcdef01234567;Parent="), "{trace}");
    assert!(!trace.contains("d68f0a1b2c3d4e5f"), "with active tracing Lambda's own segment is the parent: {trace}");
    assert!(answer["tmp"].as_str().unwrap().contains("coldlight-environment-"));
}

#[tokio::test]
async fn between_invocations_time_stands_still_for_the_function() {
    let lambda = Watched::new(function()).await;
    lambda.invoke(json!({})).await;
    let environment = lambda.fleet.running().remove(0);
    let pid = environment.groups.pids()[0].as_raw_nonzero().get();
    let state = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        stat.rsplit_once(") ").unwrap().1[..1].to_owned()
    };
    // A stop reaches each thread when it is next scheduled.
    let stopped = async || {
        let start = Instant::now();
        while state() != "T" {
            assert!(start.elapsed() < Duration::from_secs(5), "it is never stopped: {}", state());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    stopped().await;
    let busy = lambda.fleet.invoke(Request::new(r#"{"do":"sleep","ms":200}"#));
    let (answer, seen) = tokio::join!(busy, async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        state()
    });
    assert_ne!(seen, "T", "running while it serves");
    answer.unwrap().complete().await.unwrap();
    stopped().await;
}

#[tokio::test]
async fn a_timeout_ends_the_invocation_and_resets_the_environment() {
    let lambda = Watched::new(Function { timeout: Duration::from_millis(400), ..function() }).await;
    lambda.invoke(json!({})).await;
    let late = lambda.invoke(json!({"do": "sleep", "ms": 5_000})).await;
    assert_eq!(error(&late).0, "Sandbox.Timedout");
    assert!(error(&late).1.ends_with("Task timed out after 0.40 seconds"), "{late:?}");
    assert_eq!(late.report.duration, Duration::from_millis(400));
    assert_eq!(late.report.billed_ms(), 400);
    let report = lambda.line(&["REPORT", &late.report.request_id]).await;
    assert!(report.ends_with("\tStatus: timeout"), "{report}");
    let next = lambda.invoke(json!({})).await.report;
    assert_eq!(next.environment, late.report.environment, "reset, not replaced");
    assert_eq!(next.init, None, "a suppressed initialisation is inside the duration");
    assert!(next.duration > Duration::from_millis(2), "{next:?}");
}

#[tokio::test]
async fn more_memory_than_configured_ends_the_function() {
    let lambda = Watched::new(function()).await;
    let large = lambda.invoke(json!({"do": "hold", "mb": 500})).await;
    assert_eq!(error(&large).0, "Runtime.OutOfMemory");
    assert_eq!(large.report.max_memory_mb, 128);
    let report = lambda.line(&["REPORT", &large.report.request_id]).await;
    assert!(report.ends_with("Status: error\tError Type: Runtime.OutOfMemory"), "{report}");
    let fits = lambda.answer(json!({"do": "hold", "mb": 40})).await;
    assert_eq!(fits["held"], 40);
}

#[tokio::test]
async fn a_crash_and_a_failure_are_told_apart() {
    let lambda = Watched::new(function()).await;
    let crash = lambda.invoke(json!({"do": "exit"})).await;
    assert_eq!(error(&crash).0, "Runtime.ExitError");
    assert!(error(&crash).1.ends_with("Error: Runtime exited with error: exit status 7"), "{crash:?}");
    let failure = lambda.invoke(json!({"do": "fail"})).await;
    assert_eq!(error(&failure).1, "this order cannot be fulfilled");
    assert_eq!(failure.report.status.word, "error");
    let after = lambda.invoke(json!({})).await.report;
    assert_eq!(after.environment, failure.report.environment);
    assert!(after.duration < failure.report.duration, "a failure resets nothing: {after:?} {failure:?}");
}

#[tokio::test]
async fn an_initialisation_that_fails_is_tried_again_inside_the_invocation() {
    let broken = Function { variables: [("FAIL_INIT".to_owned(), "1".to_owned())].into(), ..function() };
    let lambda = Watched::new(broken).await;
    let failed = lambda.invoke(json!({})).await;
    assert_eq!(error(&failed).0, "Runtime.ExitError");
    for phase in ["Phase: init", "Phase: invoke"] {
        let line = lambda.line(&["INIT_REPORT", phase]).await;
        assert!(line.ends_with("Status: error\tError Type: Runtime.ExitError"), "{line}");
    }
}

#[tokio::test]
async fn an_initialisation_past_ten_seconds_is_done_again_inside_the_invocation() {
    let slow = [("SLOW_INIT_MS".to_owned(), "10300".to_owned())].into();
    let lambda = Watched::new(Function { variables: slow, timeout: Duration::from_secs(30), ..function() }).await;
    let late = lambda.invoke(json!({})).await;
    assert!(late.result.is_ok(), "the second try has the function's own timeout: {late:?}");
    let line = lambda.line(&["INIT_REPORT", "Phase: init"]).await;
    assert!(line.ends_with("Status: timeout") && line.contains("Init Duration: 100"), "{line}");
    assert_eq!(late.report.init, None);
    assert!(late.report.duration > Duration::from_millis(10_300), "{late:?}");
}

#[tokio::test]
async fn concurrency_makes_environments_and_its_limit_throttles() {
    let lambda = Watched::new(Function { concurrency: 2, ..function() }).await;
    let sleep = || lambda.fleet.invoke(Request::new(r#"{"do":"sleep","ms":300}"#));
    let third = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        lambda.fleet.invoke(Request::new("{}")).await
    };
    let (first, second, third) = tokio::join!(sleep(), sleep(), third);
    assert_ne!(first.unwrap().environment, second.unwrap().environment, "out, not up");
    assert!(matches!(third, Err(LocalError::Throttled { limit: 2, .. })));
    assert_eq!(lambda.fleet.running().len(), 2);
    let later = lambda.fleet.invoke_later(Request::new("{}")).await.unwrap();
    later.complete().await.unwrap();
}

#[tokio::test]
async fn provisioned_environments_are_warm_before_the_first_request() {
    let slow = [("SLOW_INIT_MS".to_owned(), "150".to_owned())].into();
    let lambda = Watched::new(Function { provisioned: 1, variables: slow, ..function() }).await;
    let start = Instant::now();
    let first = lambda.invoke(json!({})).await.report;
    assert!(start.elapsed() < Duration::from_millis(150), "{first:?}");
    assert!(first.init.is_some_and(|init| init >= Duration::from_millis(150)), "{first:?}");
}

#[tokio::test]
async fn an_idle_environment_is_retired_and_a_new_one_starts_cold() {
    let lambda = Watched::new(Function { idle: Duration::from_millis(150), ..function() }).await;
    let first = lambda.invoke(json!({})).await.report;
    let start = Instant::now();
    while !lambda.fleet.running().is_empty() {
        assert!(start.elapsed() < Duration::from_secs(5), "it is never retired");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let second = lambda.invoke(json!({})).await.report;
    assert!(second.init.is_some() && second.environment != first.environment);
}

#[tokio::test]
async fn a_lost_environment_starts_again_and_keeps_its_folder() {
    let lambda = Watched::new(function()).await;
    let tmp = lambda.answer(json!({})).await["tmp"].as_str().unwrap().to_owned();
    std::fs::write(std::path::Path::new(&tmp).join("kept"), "x").unwrap();
    let environment = lambda.fleet.running().remove(0);
    environment.groups.kill();
    while !environment.groups.pids().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let after = lambda.answer(json!({})).await;
    assert_eq!(after["tmp"], tmp.as_str());
    assert!(std::path::Path::new(&tmp).join("kept").is_file());
    lambda.fleet.shut_down().await;
    assert!(!std::path::Path::new(&tmp).exists(), "it goes with the environment");
}

#[tokio::test]
async fn what_the_platform_says_can_be_json() {
    let lambda = Watched::new(Function { log_format: LogFormat::Json, ..function() }).await;
    let report = lambda.invoke(json!({"do": "log", "word": "wisdom"})).await.report;
    lambda.line(&["a line of wisdom"]).await;
    let line: Value = serde_json::from_str(&lambda.line(&["platform.report"]).await).unwrap();
    assert_eq!(line["record"]["requestId"], report.request_id);
    assert_eq!(line["record"]["metrics"]["billedDurationMs"], report.billed_ms());
    let kinds: Vec<String> = lambda
        .texts()
        .iter()
        .filter_map(|text| serde_json::from_str::<Value>(text).ok()?["type"].as_str().map(str::to_owned))
        .collect();
    let wanted = ["initStart", "initRuntimeDone", "initReport", "start", "runtimeDone", "report"];
    assert_eq!(kinds, wanted.map(|kind| format!("platform.{kind}")));
}
