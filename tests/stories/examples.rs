//! The examples, each by the command in its README: its spans, its invocations and their bill in the running program.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use coldlight_local::command;
use coldlight_tests::clock::until;
use coldlight_tests::program::program;
use coldlight_tests::{Coldlight, tools, web};
use http::Method;
use rustix::process::{Pid, Signal};
use tokio::io::{AsyncBufReadExt, BufReader};

const PATIENCE: Duration = Duration::from_secs(30);

/// `cargo run --release -p NAME`, which is built already.
fn built(words: &str) -> Option<PathBuf> {
    let name = words.strip_prefix("cargo run --release -p ")?;
    let program = tools::target().join("release").join(name);
    assert!(program.is_file(), "{} is not there: build it with `cargo build --release -p {name}`", program.display());
    Some(program)
}

/// What stands in the first block of the example's README.
fn told(example: &str) -> String {
    let readme = tools::folder().parent().unwrap().join("examples").join(example).join("README.md");
    let text = std::fs::read_to_string(&readme).unwrap_or_else(|why| panic!("{}: {why}", readme.display()));
    let block = text.split("```sh\n").nth(1).and_then(|rest| rest.split("\n```").next());
    block.unwrap_or_else(|| panic!("{}: no command", readme.display())).to_owned()
}

/// Runs the README's `cargo run --release -- local …` to its end; cargo's programs are those that were built, and spans go to
/// `coldlight`.
async fn run_local(example: &str, coldlight: &Coldlight) -> Output {
    let words = command::split(&told(example)).unwrap();
    let (cargo, rest) = words.split_at(5);
    assert_eq!(cargo, ["cargo", "run", "--release", "--", "local"]);
    let mut local = program("local");
    local.current_dir(tools::folder().parent().unwrap());
    for word in rest {
        match built(word) {
            Some(program) => local.arg(program),
            None => local.arg(word),
        };
    }
    local.args(["--collector", &format!("http://{}", coldlight.otlp_http())]);
    tokio::task::spawn_blocking(move || local.output().unwrap()).await.unwrap()
}

/// The example's answers, a line each, after `invocations` of them were billed.
async fn check(example: &str, coldlight: &Coldlight, invocations: u64) -> Vec<serde_json::Value> {
    let output = run_local(example, coldlight).await;
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
    let billed = format!("invocations WHERE \"function\" = '{example}' AND outcome = 'ok' AND cost_state = 'reported'");
    coldlight.until_count(&format!("{billed} AND cost_usd > 0"), invocations, PATIENCE).await;
    // What the platform's own lines say is what is billed.
    let printed =
        log.lines().filter_map(|line| line.split("Billed Duration: ").nth(1)?.split(' ').next()?.parse::<i64>().ok());
    let printed: i64 = printed.sum();
    let counted = format!("SELECT sum(billed_ms)::BIGINT FROM {billed}");
    assert_eq!(coldlight.sql(&counted).await.number(), printed, "{log}");
    let cold = format!("SELECT count(*) FROM {billed} AND cold_start AND init_ms > 0");
    assert_eq!(coldlight.sql(&cold).await.number(), 1);
    connected(coldlight, example).await;
    String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Below an invocation or a request every span has its parent.
async fn connected(coldlight: &Coldlight, service: &str) {
    let lost = format!(
        "SELECT count(*) FROM spans AS child LEFT JOIN spans AS parent
             ON parent.trace_id = child.trace_id AND parent.span_id = child.parent_span_id
         WHERE child.service = '{service}' AND child.kind <> 'server' AND parent.span_id IS NULL"
    );
    assert_eq!(coldlight.sql(&lost).await.number(), 0, "{lost}");
}

/// Names of the spans below one invocation, in order.
async fn below(coldlight: &Coldlight, example: &str) -> Vec<String> {
    let names = format!(
        "SELECT name FROM spans WHERE kind <> 'server' AND trace_id = (SELECT min(trace_id) FROM spans WHERE service = '{example}')
         ORDER BY started_at"
    );
    coldlight.sql(&names).await.texts()
}

#[tokio::test(flavor = "multi_thread")]
async fn checkout_takes_orders_over_api_gateway() {
    let coldlight = Coldlight::start().await;
    let answers = check("checkout", &coldlight, 3).await;
    let body: serde_json::Value = serde_json::from_str(answers[0]["body"].as_str().unwrap()).unwrap();
    assert_eq!((&answers[0]["statusCode"], &body["cents"], &body["parcels"]), (&201.into(), &27_800.into(), &2.into()));
    let names = ["price the order", "DynamoDB.PutItem", "SQS.SendMessageBatch"];
    assert_eq!(below(&coldlight, "checkout").await, names);
    let served =
        "SELECT DISTINCT name || ' ' || http_status::TEXT || ' ' || faas_trigger FROM spans WHERE kind = 'server'";
    assert_eq!(coldlight.sql(served).await.texts(), ["POST /orders 201 http"]);
    let targets =
        "SELECT DISTINCT remote_kind || ' ' || remote_name FROM spans WHERE kind IN ('client', 'producer') ORDER BY 1";
    assert_eq!(coldlight.sql(targets).await.texts(), ["dynamodb orders", "sqs parcels"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_worker_links_to_who_sent_its_messages_and_fails_only_two() {
    let coldlight = Coldlight::start().await;
    // Ten messages, then the two that came back; they print as dead letters.
    let dead = check("order-worker", &coldlight, 2).await;
    assert_eq!(dead.len(), 2);
    let batches = "SELECT records FROM invocations ORDER BY started_at";
    assert_eq!(coldlight.sql(batches).await.texts(), ["10", "2"]);
    let senders =
        "SELECT count(DISTINCT link.trace_id) FROM (SELECT unnest(links) AS link FROM spans WHERE records = 10)";
    assert_eq!(coldlight.sql(senders).await.number(), 3);
    let failed = "SELECT count(*) FROM spans WHERE name = 'pack' AND status = 'error'";
    assert_eq!(coldlight.sql(failed).await.number(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thumbnail_is_made_of_a_picture_that_came_to_s3() {
    let coldlight = Coldlight::start().await;
    let answers = check("thumbnail", &coldlight, 3).await;
    let made = serde_json::json!([{ "key": "summer 2026/harbour-1280x960.ppm", "width": 160, "height": 120 }]);
    assert_eq!(answers[0]["made"], made);
    assert_eq!(below(&coldlight, "thumbnail").await, ["S3.GetObject", "shrink", "S3.PutObject"]);
    let caused =
        "SELECT DISTINCT faas_trigger || ' ' || remote_kind || ' ' || remote_name FROM spans WHERE kind = 'server'";
    assert_eq!(coldlight.sql(caused).await.texts(), ["datasource s3 photos"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_becomes_speech_on_s3() {
    let coldlight = Coldlight::start().await;
    let answers = check("text-to-speech", &coldlight, 3).await;
    assert_eq!(answers[0]["statusCode"], 201);
    assert_eq!(below(&coldlight, "text-to-speech").await, ["speak", "Polly.SynthesizeSpeech", "S3.PutObject"]);
    let targets = "SELECT DISTINCT remote_kind || ' ' || remote_name FROM spans WHERE kind = 'client' ORDER BY 1";
    assert_eq!(coldlight.sql(targets).await.texts(), ["aws Polly", "s3 speeches"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_made_when_a_schedule_says_so() {
    let coldlight = Coldlight::start().await;
    let answers = check("report", &coldlight, 3).await;
    assert_eq!((&answers[0]["key"], &answers[0]["orders"]), (&"orders/2026-03-01.csv".into(), &20.into()));
    assert_eq!(below(&coldlight, "report").await, ["DynamoDB.Query", "add up", "S3.PutObject"]);
    let caused = "SELECT DISTINCT \"trigger\" || ' ' || way FROM invocations";
    assert_eq!(coldlight.sql(caused).await.texts(), ["timer async"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_containers_in_a_row_are_one_trace_with_their_tasks() {
    let coldlight = Coldlight::start().await;
    let program = built(&told("shop")).expect("cargo run --release -p shop");
    let mut shop = Command::new(program);
    shop.env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", coldlight.otlp_http()))
        .env("OTEL_BSP_SCHEDULE_DELAY", "200");
    // The README's port may be taken while tests run.
    shop.env("PORT", "0").stdin(Stdio::null()).stdout(Stdio::piped());
    let mut shop = tokio::process::Command::from(shop).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(shop.stdout.take().unwrap()).lines();
    let shopfront = loop {
        let line = lines.next_line().await.unwrap().expect("it says where the shopfront listens");
        if let Some(address) = line.strip_prefix("listening shopfront ") {
            break address.parse().unwrap();
        }
    };
    let answer = web::send(shopfront, web::request(Method::GET, "/products/lamp", &[], web::whole(""))).await.unwrap();
    assert_eq!((answer.status.as_u16(), &answer.json()["cents"]), (200, &4_900.into()));

    let services = "SELECT DISTINCT service FROM spans ORDER BY 1";
    until("spans of all three", PATIENCE, async || match coldlight.try_sql(services).await?.texts() {
        all if all == ["products", "shopfront", "stock"] => Ok(()),
        some => Err(format!("{some:?}")),
    })
    .await;
    // Ctrl-C: what has not been sent is sent.
    let pid = i32::try_from(shop.id().unwrap()).ok().and_then(Pid::from_raw).unwrap();
    rustix::process::kill_process(pid, Signal::INT).unwrap();
    assert!(tokio::time::timeout(PATIENCE, shop.wait()).await.expect("it ends").unwrap().success());
    coldlight.until_count("spans", 7, PATIENCE).await;
    assert_eq!(coldlight.sql("SELECT count(DISTINCT trace_id) FROM spans").await.number(), 1);
    let lost = "SELECT count(*) FROM spans AS child LEFT JOIN spans AS parent ON parent.span_id = child.parent_span_id
                WHERE parent.span_id IS NULL";
    assert_eq!(coldlight.sql(lost).await.number(), 1, "the root alone has no parent");
    let tasks =
        "SELECT service || ' ' || cluster || ' ' || task_family || ' ' || launch_type || ' ' || task_memory_mib::TEXT
                 FROM resources ORDER BY service";
    let tasks = coldlight.sql(tasks).await.texts();
    assert_eq!(tasks.len(), 3, "{tasks:?}");
    assert!(
        tasks[0].starts_with("products ") && tasks[0].contains("shop") && tasks[0].ends_with("products fargate 512"),
        "{tasks:?}"
    );
}
