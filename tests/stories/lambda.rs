//! Functions in other languages, unmodified but for variables of their environment, beside the extension.

use std::time::Duration;

use coldlight_local::{Function, template};
use coldlight_tests::functions::{Lambda, with_extension};
use coldlight_tests::{Coldlight, tools};
use serde_json::json;

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
        let told: serde_json::Value = serde_json::from_str(told).unwrap();
        assert_eq!(told["metrics"]["billedDurationMs"], report.billed_ms(), "{told}");
        assert_eq!(told["metrics"]["memorySizeMB"], 256, "{told}");
        assert_eq!(told["metrics"]["initDurationMs"].is_number(), report.init.is_some(), "{told}");
    }
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
