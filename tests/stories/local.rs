//! `coldlight local`, in the program itself.

use std::time::Duration;

use coldlight_tests::functions::sender_of_spans;
use coldlight_tests::program::program;
use coldlight_tests::{Coldlight, functions};

#[tokio::test(flavor = "multi_thread")]
async fn a_function_run_by_the_program_shows_in_it() {
    let coldlight = Coldlight::start().await;
    let folder = tempfile::tempdir().unwrap();
    let event = folder.path().join("event.json");
    std::fs::write(&event, r#"{"spans":3}"#).unwrap();
    let mut local = program("local");
    local.arg("--handler").arg(sender_of_spans()).arg("--event").arg(&event).args(["--times", "2"]);
    local.arg("--extension").arg(functions::extension());
    local.args(["--collector", &format!("http://{}", coldlight.otlp_http())]);
    let output = tokio::task::spawn_blocking(move || local.output().unwrap()).await.unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "{\"sent\":3}\n{\"sent\":3}\n");
    assert_eq!(log.matches("REPORT RequestId: ").count(), 2, "{log}");
    coldlight.until_written(Duration::from_secs(10)).await;
    assert_eq!(coldlight.sql("SELECT count(*) FROM spans WHERE service = 'orders'").await.number(), 6);
    let reports = "SELECT count(*) FROM logs WHERE attributes['type']::TEXT = 'platform.report'";
    assert_eq!(coldlight.sql(reports).await.number(), 2);
}

#[test]
fn what_is_wrong_with_a_function_is_said_with_code_2() {
    let mut local = program("local");
    let output = local.args(["--handler", "true", "--memory", "64", "--every", "1s"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("128 to 10240 MB"));
}
