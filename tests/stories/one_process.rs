//! One process holds a data directory; others are told so, and `coldlight sql` asks whoever holds it.

use std::process::{Command, Output};

use coldlight_tests::Coldlight;
use coldlight_tests::corpus::Manifest;

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|why| panic!("{command:?}: {why}"))
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}: {}", output.status, told(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn sql(coldlight: &Coldlight, format: &str) -> Output {
    let question = "SELECT service, count(*) AS spans FROM spans WHERE service = 'order-api' GROUP BY ALL";
    run(coldlight.command("sql").args(["--format", format, question]))
}

async fn with_corpus() -> (Coldlight, Manifest) {
    let (coldlight, manifest) = (Coldlight::start().await, Manifest::read());
    for recording in manifest.of("traces") {
        recording.send(coldlight.addresses()).await;
    }
    coldlight.until_count("spans", manifest.totals.spans, std::time::Duration::from_secs(5)).await;
    (coldlight, manifest)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_the_same_data_is_refused_with_3_and_the_reason() {
    let (coldlight, manifest) = with_corpus().await;
    for subcommand in ["serve", "check"] {
        let mut command = coldlight.command(subcommand);
        if subcommand == "serve" {
            command.args(["--otlp-grpc", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
        }
        let output = run(&mut command);
        assert_eq!(output.status.code(), Some(3), "{subcommand}: {}", told(&output));
        let told = told(&output);
        assert!(told.contains(&coldlight.data().display().to_string()), "{subcommand} names the folder: {told}");
        assert!(told.contains(&coldlight.pid().to_string()), "{subcommand} names the process that holds it: {told}");
    }
    // The first is not disturbed, nor is its lock: a third is refused as well.
    assert_eq!(coldlight.sql("SELECT count(*) FROM spans").await.number(), manifest.totals.spans as i64);
    assert_eq!(run(&mut coldlight.command("check")).status.code(), Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn sql_answers_the_same_beside_a_running_server_and_on_a_stopped_store() {
    let (mut coldlight, _) = with_corpus().await;
    let running: Vec<String> = ["table", "csv", "json"].map(|format| printed(&sql(&coldlight, format))).into();
    assert!(running[0].contains("order-api") && running[0].contains("38"), "{}", running[0]);
    assert_eq!(running[1], "service,spans\norder-api,38\n");
    let json: serde_json::Value = serde_json::from_str(&running[2]).unwrap();
    assert_eq!(json["rows"], serde_json::json!([["order-api", 38]]));

    let url = format!("http://{}", coldlight.http());
    let question = "SELECT count(*) AS n FROM traces";
    let asked = run(coldlight_tests::program::program("sql").args(["--url", &url, "--format", "csv", question]));
    assert_eq!(printed(&asked), "n\n41\n");

    coldlight.stop().await;
    let stopped: Vec<String> = ["table", "csv", "json"].map(|format| printed(&sql(&coldlight, format))).into();
    assert_eq!(running, stopped);
    assert_eq!(run(&mut coldlight.command("check")).status.code(), Some(0), "a store that was stopped is whole");

    let wrong = run(coldlight.command("sql").arg("SELECT nothing FROM spans"));
    assert_eq!(wrong.status.code(), Some(1));
    assert!(told(&wrong).contains("nothing"), "{}", told(&wrong));
    let writes = run(coldlight.command("sql").arg("DELETE FROM span_rows"));
    assert_eq!(writes.status.code(), Some(1), "{}", told(&writes));
    coldlight.start_again().await;
    assert_eq!(coldlight.sql("SELECT count(*) FROM spans").await.number(), 274);
}
