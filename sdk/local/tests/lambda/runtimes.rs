//! Other languages: AWS's runtime client for Python, and Node on the small bootstrap that templates fall back to.

use std::path::PathBuf;
use std::time::Duration;

use coldlight_local::{Function, template};
use serde_json::json;

use crate::surroundings::{Watched, error, release};

fn functions() -> PathBuf {
    // As cargo says it now: another checkout with the same target directory runs the same program.
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    folder.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR"))).join("tests/lambda/functions")
}

/// The Python that `tests/install` made, with awslambdaric.
fn python() -> String {
    let given = std::env::var_os("COLDLIGHT_TEST_PYTHON").map(PathBuf::from);
    let python = given.unwrap_or_else(|| release().parent().unwrap().join("tests-python/bin/python"));
    assert!(python.is_file(), "{} is not there: run `tests/install` first", python.display());
    python.display().to_string()
}

/// What every runtime must get right: the event, the context, the trace, the log, the error.
async fn check(command: Vec<String>, failure: &str) {
    let function = Function {
        handler: "app.handler".to_owned(),
        folder: functions(),
        memory_mb: 256,
        timeout: Duration::from_secs(20),
        ..Function::new("orders", command)
    };
    let lambda = Watched::new(function).await;
    let cold = lambda.invoke(json!({ "order": 7 })).await;
    assert!(cold.report.init.is_some());
    let said: serde_json::Value = serde_json::from_slice(&cold.result.unwrap()).unwrap();
    assert_eq!(said["request"], cold.report.request_id);
    assert_eq!(said["memory"], 256);
    assert_eq!(said["trace"], cold.report.trace);
    assert_eq!(said["stream"], cold.report.environment);
    let left = said["left_ms"].as_f64().unwrap();
    assert!(left > 1_000.0 && left <= 20_000.0, "{left}");
    lambda.line(&["served 7"]).await;
    let failed = lambda.invoke(json!({ "do": "fail" })).await;
    assert_eq!(error(&failed), (failure.to_owned(), "this order cannot be fulfilled".to_owned()));
    assert_eq!(failed.report.environment, cold.report.environment);
    assert_eq!(failed.report.status.word, "error");
}

#[tokio::test]
async fn python_runs_on_awss_own_runtime_client() {
    let words = [python().as_str(), "-m", "awslambdaric", "app.handler"].map(str::to_owned);
    check(words.to_vec(), "ValueError").await;
}

#[tokio::test]
async fn node_runs_on_the_small_bootstrap() {
    let folder = tempfile::tempdir().unwrap();
    let bootstrap = template::write_node_bootstrap(folder.path()).unwrap();
    check(vec!["node".to_owned(), bootstrap.display().to_string()], "RangeError").await;
}
