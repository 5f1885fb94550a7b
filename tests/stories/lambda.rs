//! Functions in other languages, unmodified but for variables of their environment, beside the extension.

use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use coldlight_local::{Complete, Function, template};
use coldlight_tests::functions::{Lambda, with_extension};
use coldlight_tests::program::program;
use coldlight_tests::{Coldlight, table, tools};
use serde_json::{Value, json};

/// Three invocations: their spans arrive, and for each what the platform measured and billed.
async fn check(service: &str, make: impl FnOnce(&str) -> Function) {
    let coldlight = Coldlight::start().await;
    let mut function = make(&format!("http://{}", coldlight.otlp_http()));
    function.variables.insert("OTEL_SERVICE_NAME".to_owned(), service.to_owned());
    let lambda = Lambda::new(function).await;
    let mut reports = Vec::new();
    for _ in 0..3 {
        let (answer, complete) = lambda.answer(&json!({})).await;
        assert_eq!(answer["spans"].as_array().unwrap().len(), 2);
        reports.push(complete.report);
    }
    lambda.fleet.shut_down().await;
    coldlight.until_written(Duration::from_secs(10)).await;
    for report in &reports {
        let id = &report.request_id;
        let spans = format!(
            "SELECT count(*) FROM spans WHERE service = '{service}' AND name = 'handle' AND attributes['faas.invocation_id']::TEXT = '{id}'"
        );
        assert_eq!(coldlight.sql(&spans).await.number(), 1, "{spans}");
        let told = format!(
            "SELECT body FROM logs WHERE attributes['type']::TEXT = 'platform.report' \
             AND attributes['faas.invocation_id']::TEXT = '{id}'"
        );
        let told = coldlight.sql(&told).await.texts();
        let [told] = &told[..] else { panic!("{told:?}\n{}", lambda.last_words()) };
        let told: Value = serde_json::from_str(told).unwrap();
        assert_eq!(told["metrics"]["billedDurationMs"], report.billed_ms(), "{told}");
        assert_eq!(told["metrics"]["memorySizeMB"], 256, "{told}");
        assert_eq!(told["metrics"]["initDurationMs"].is_number(), report.init.is_some(), "{told}");
    }
}

/// A function without a word of tracing in it: its language's instrumentation is in its environment, as a layer brings it, and
/// our extension beside it. Three invocations, whole: as they were reported, in SQL, in the API and on the page.
async fn check_untraced(name: &str, handler: &str, folder: &str, command: Vec<String>, variables: &[(&str, &str)]) {
    let coldlight = Coldlight::start().await;
    let collector = format!("http://{}", coldlight.otlp_http());
    let mut function = Function {
        handler: handler.to_owned(),
        folder: tools::folder().join(folder),
        ..with_extension(name, command, &collector)
    };
    let mut all = variables.to_vec();
    all.extend([("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), ("OTEL_SERVICE_NAME", name)]);
    all.extend([("OTEL_METRICS_EXPORTER", "none"), ("OTEL_LOGS_EXPORTER", "none")]);
    function.variables.extend(all.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
    let lambda = Lambda::new(function).await;
    let mut completes = Vec::new();
    for order in 0..3 {
        let (answer, complete) = lambda.answer(&json!({ "order": order })).await;
        assert_eq!(answer, json!({ "order": order, "request": complete.report.request_id }));
        completes.push(complete);
    }
    lambda.fleet.shut_down().await;
    coldlight.until_written(Duration::from_secs(10)).await;
    let whole = format!("invocations WHERE service = '{name}' AND cost_state = 'reported' AND span_id IS NOT NULL");
    coldlight.until_count(&whole, 3, Duration::from_secs(20)).await;

    let (page, listed) =
        (coldlight.get("/invocations").await.text(), coldlight.get("/api/v1/invocations").await.json());
    assert_eq!(page.matches("data-test=\"invocation-row\"").count(), 3, "{page}");
    for (number, complete) in completes.iter().enumerate() {
        let quoted = quote(complete);
        is_whole(&coldlight, complete, number == 0, &quoted).await;
        let id = &complete.report.request_id;
        let row = page.split("data-test=\"invocation-row\"").find(|row| row.contains(id.as_str())).expect("its row");
        assert!(row.contains(&format!(">{} ms<", grouped(complete.report.billed_ms()))), "{row}");
        assert!(row.contains("reported"), "{row}");
        assert!(row.contains(&format!("{} of 256 MB", complete.report.max_memory_mb)), "{row}");
        assert_eq!(row.contains("felt"), number == 0, "{row}");
        let all = listed["invocations"].as_array().expect("a list");
        let told = all.iter().find(|one| one["request_id"] == id.as_str()).expect("it is listed");
        assert_eq!(
            (&told["cost_state"], &told["billed_ms"]),
            (&json!("reported"), &json!(complete.report.billed_ms()))
        );
        assert_eq!(told["formula"], quoted["formula"], "the arithmetic behind the sum");
    }
}

/// `1,245`
fn grouped(number: u64) -> String {
    if number < 1_000 { number.to_string() } else { format!("{},{:03}", number / 1_000, number % 1_000) }
}

/// What `coldlight prices quote` says of a report.
fn quote(complete: &Complete) -> Value {
    let report = &complete.report;
    let input = json!({ "region": "us-east-1", "memory_mb": 256, "billed_ms": report.billed_ms(),
        "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" } });
    let line = json!({ "id": report.request_id, "kind": "lambda_invocation", "input": input });
    let mut command = program("prices");
    let mut child = command.args(["quote", "--json", "--built-in"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(line.to_string().as_bytes()).unwrap();
    serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap()
}

/// The view has of it what the platform reported and its span told, and the price that was quoted.
async fn is_whole(coldlight: &Coldlight, complete: &Complete, cold: bool, quoted: &Value) {
    let report = &complete.report;
    let id = &report.request_id;
    let question = format!(
        "SELECT memory_mb, max_memory_mb, billed_ms, cold_start, start_kind, round(coalesce(init_ms, 0) * 1000)::BIGINT, \
         outcome, round(cost_usd, 12)::DECIMAL(38, 12)::VARCHAR, region, \
         (SELECT count(*) FROM spans WHERE spans.span_id = invocations.span_id AND kind = 'server') \
         FROM invocations WHERE request_id = '{id}'"
    );
    let told = coldlight.sql(&question).await;
    let [row] = &told.rows[..] else { panic!("{told:?}") };
    let texts: Vec<String> = row.iter().map(table::text).collect();
    let init = report.init.map_or(0.0, |init| init.as_secs_f64() * 1e6);
    assert_eq!(report.init.is_some(), cold);
    assert!((table::number(&row[5]) as f64 - init).abs() <= 10.0, "init {} µs, reported {init}", texts[5]);
    let numbers = [256, report.max_memory_mb, report.billed_ms()].map(|number| number.to_string());
    assert_eq!(texts[..3], numbers, "{told:?}");
    assert_eq!(texts[3..5], [cold.to_string(), if cold { "felt" } else { "warm" }.to_owned()]);
    assert_eq!(texts[6..], ["ok", quoted["usd"].as_str().expect("a price"), "us-east-1", "1"], "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_python_function_is_whole_without_a_change_to_it() {
    let python = tools::python().get_program().to_string_lossy().into_owned();
    // What `AWS_LAMBDA_EXEC_WRAPPER` names where a layer brings it.
    let wrapper = tools::instrument().display().to_string();
    let command = [&wrapper, &python, "-m", "awslambdaric", "untraced.handler"].map(str::to_owned).to_vec();
    check_untraced("untraced-python", "untraced.handler", "python", command, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_function_is_whole_without_a_change_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let bootstrap = template::write_node_bootstrap(folder.path()).unwrap();
    let command = vec!["node".to_owned(), bootstrap.display().to_string()];
    let register = tools::example("express-service")
        .join("node_modules/@opentelemetry/auto-instrumentations-node/build/src/register.js");
    let options = format!("--require {}", register.display());
    let variables = [("NODE_OPTIONS", options.as_str()), ("OTEL_NODE_ENABLED_INSTRUMENTATIONS", "aws-lambda")];
    check_untraced("untraced-node", "untraced.handler", "node", command, &variables).await;
}

/// On AWS's own runtime client.
fn python(name: &str, collector: &str) -> Function {
    let python = tools::python().get_program().to_string_lossy().into_owned();
    let command = [&python, "-m", "awslambdaric", "lambda_function.handler"].map(String::from);
    Function {
        handler: "lambda_function.handler".to_owned(),
        folder: tools::folder().join("python"),
        ..with_extension(name, command.to_vec(), collector)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_python_function_has_its_spans_and_its_bill() {
    check("orders-python", |collector| python("orders-python", collector)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn its_sdk_may_speak_grpc() {
    check("orders-grpc", |collector| {
        let mut function = python("orders-grpc", collector);
        // As it would be written for Lambda: the environment's own loopback.
        let variables = [("PROTOCOL", "grpc"), ("ENDPOINT", "http://localhost:4317")];
        function
            .variables
            .extend(variables.map(|(name, value)| (format!("OTEL_EXPORTER_OTLP_{name}"), value.to_owned())));
        function
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_function_has_its_spans_and_its_bill() {
    let folder = tempfile::tempdir().unwrap();
    let bootstrap = template::write_node_bootstrap(folder.path()).unwrap();
    check("orders-node", |collector| Function {
        handler: "function.handler".to_owned(),
        folder: tools::folder().join("node"),
        ..with_extension("orders-node", vec!["node".to_owned(), bootstrap.display().to_string()], collector)
    })
    .await;
}
