//! `--sql-child`: questions in SQL asked in a process of its own, of a copy. Whatever becomes of it, the server does not notice.

use std::time::Duration;

use coldlight_tests::clock::{unix_nanos, until};
use coldlight_tests::measure::memory;
use coldlight_tests::random::Random;
use coldlight_tests::web::Answer;
use coldlight_tests::{Coldlight, Options, grpc, otlp};
use prost::Message;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

const ENDLESS: &str = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE hash(a.range + b.range) = 1";

/// Questions that the gate lets through and that want more than there is.
const BOMBS: [&str; 4] = [
    "SELECT list(a.range) FROM range(1000000) a, range(1000) b",
    "SELECT length(string_agg(a.range::VARCHAR, ',')) FROM range(1000000) a, range(1000) b",
    "SELECT list(attributes::VARCHAR) FROM spans, range(1000000)",
    "WITH RECURSIVE r AS (SELECT [1] AS l UNION ALL SELECT list_concat(l, l) FROM r) SELECT max(len(l)) FROM r",
];

async fn start() -> Coldlight {
    let arguments = ["--sql-child", "1s", "--memory-limit", "512MiB"].map(str::to_owned).to_vec();
    Coldlight::start_with(Options { arguments, ..Options::default() }).await
}

async fn ask(coldlight: &Coldlight, body: Value) -> Answer {
    coldlight.post("/api/v1/sql", &[("content-type", "application/json")], body.to_string()).await
}

fn why(answer: &Answer) -> String {
    answer.json()["error"]["message"].as_str().unwrap_or_default().to_owned()
}

async fn send(coldlight: &Coldlight, spans: usize) {
    let mut random = Random::new("sql child");
    let span = |_| {
        let mut span = otlp::span("s", random.trace_id(), random.span_id(), unix_nanos(), 1);
        span.attributes = vec![otlp::text("long", "0123456789abcdef".repeat(1024))];
        span
    };
    let request = otlp::request("shop", (0..spans).map(span).collect()).encode_to_vec();
    let mut connection = grpc::Connection::open(coldlight.grpc()).await.unwrap();
    assert!(connection.call(grpc::TRACES, "identity", &request).await.unwrap().is_ok());
}

/// Processes that the server started, with their command lines.
fn children(of: u32) -> Vec<(u32, String)> {
    let all =
        std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    all.filter_map(|pid: u32| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse::<u32>().ok()?;
        let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
        (parent == of).then(|| (pid, line.replace('\0', " ")))
    })
    .collect()
}

/// Waits for the child that answers a question: it has bounded its address space by then.
async fn bounded_child(coldlight: &Coldlight) -> u32 {
    let mut found = 0;
    until("a child looks for an answer", Duration::from_secs(20), async || {
        for (pid, line) in children(coldlight.pid()) {
            let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap_or_default();
            if line.contains("sql-child")
                && limits.lines().any(|line| line.starts_with("Max address space") && !line.contains("unlimited"))
            {
                found = pid;
                return Ok(());
            }
        }
        Err("none yet".to_owned())
    })
    .await;
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_asked_apart_has_its_answer_and_says_of_when_it_is() {
    let mut coldlight = start().await;
    send(&coldlight, 3).await;
    coldlight.until_count("spans", 3, Duration::from_secs(20)).await;
    let sql = "SELECT service, $n + 1 AS n, 0.1::DECIMAL(38,18) AS usd, now() > started_at AS past FROM spans LIMIT 1";
    let answer = ask(&coldlight, json!({ "sql": sql, "parameters": { "n": 41 } })).await;
    assert_eq!(answer.json()["rows"], json!([["shop", 42, "0.100000000000000000", true]]), "{}", answer.text());
    assert!(answer.header("x-coldlight-as-of").starts_with("20"), "{:?}", answer.headers);
    let parquet = coldlight.post("/api/v1/sql?format=parquet", &[("content-type", "text/plain")], "FROM spans").await;
    assert!(parquet.body.starts_with(b"PAR1") && !parquet.header("x-coldlight-as-of").is_empty());
    let page = coldlight.get("/sql?q=SELECT+40%2B2").await.text();
    assert!(page.contains("<bdi>42</bdi>") && page.contains(", as of "), "{page}");
    for (question, reason) in [
        ("SELECT * FROM read_text('/etc/passwd')", "read_text"),
        ("SELECT servce FROM spans", "service"),
        ("SELEC 1", "SELEC"),
    ] {
        let answer = ask(&coldlight, json!({ "sql": question })).await;
        assert!(answer.status == 400 && why(&answer).contains(reason), "{question}: {}", answer.text());
    }
    // What came after the last copy is there a second later, and what is written meanwhile is no trouble.
    send(&coldlight, 500).await;
    coldlight.until_count("spans", 503, Duration::from_secs(20)).await;
    coldlight.stop().await;
    coldlight.start_again().await;
    coldlight.until_count("spans", 503, Duration::from_secs(20)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_becomes_of_the_child_the_server_goes_on() {
    let coldlight = start().await;
    send(&coldlight, 40).await;
    coldlight.until_count("spans", 40, Duration::from_secs(20)).await;
    let before = memory(coldlight.pid()).0;

    let endless = ask(&coldlight, json!({ "sql": ENDLESS, "timeout_s": 30 }));
    let killed = async {
        let child = bounded_child(&coldlight).await;
        kill_process(Pid::from_raw(i32::try_from(child).unwrap()).unwrap(), Signal::KILL).unwrap();
    };
    let (answer, ()) = tokio::join!(endless, killed);
    assert!(answer.status == 400 && why(&answer).contains("signal: 9"), "{}", answer.text());
    assert_eq!(coldlight.sql("SELECT count(*) FROM spans").await.number(), 40);

    let answer = ask(&coldlight, json!({ "sql": ENDLESS, "timeout_s": 2 })).await;
    assert_eq!(answer.status, 504, "{}", answer.text());

    for bomb in BOMBS {
        let answer = ask(&coldlight, json!({ "sql": bomb, "timeout_s": 20 })).await;
        let outcome = answer.text().chars().take(200).collect::<String>();
        println!("{bomb}: {outcome}");
        assert!([400, 504].contains(&answer.status.as_u16()), "{bomb}: {outcome}");
        send(&coldlight, 1).await;
    }
    let grown = memory(coldlight.pid()).0.saturating_sub(before) >> 20;
    println!("the server grew by {grown} MiB");
    assert!(grown < 200, "{grown} MiB");
    assert!(coldlight.sql("SELECT count(*) FROM spans WHERE service = 'shop'").await.number() >= 40);
    until("nothing of it is left", Duration::from_secs(10), async || match children(coldlight.pid()).len() {
        0 => Ok(()),
        left => Err(left.to_string()),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_child_does_not_outlive_the_server() {
    let mut coldlight = start().await;
    let child = tokio::select! {
        answer = ask(&coldlight, json!({ "sql": ENDLESS })) => panic!("{}", answer.text()),
        child = bounded_child(&coldlight) => child,
    };
    coldlight.kill9();
    until("the child is gone", Duration::from_secs(10), async || {
        let line = std::fs::read_to_string(format!("/proc/{child}/cmdline")).unwrap_or_default();
        if line.contains("sql-child") { Err(line) } else { Ok(()) }
    })
    .await;
}
