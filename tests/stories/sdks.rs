//! Real OpenTelemetry SDKs, unmodified from PyPI and npm, while the server stops, is killed and comes back.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use coldlight_tests::clock::until;
use coldlight_tests::{Coldlight, table, tools};
use serde::Deserialize;

/// A program that sends until its standard input closes, then prints a [`Report`].
struct Client {
    service: &'static str,
    /// Whether its exporter tries again what was refused or had no answer.
    retries: bool,
    child: Child,
}

/// Span ids as `TRACE:SPAN`.
#[derive(Deserialize)]
struct Report {
    /// Every span the application ended.
    created: BTreeSet<String>,
    /// Those whose export call reported success.
    acknowledged: BTreeSet<String>,
}

fn client(mut command: Command, service: &'static str, retries: bool, protocol: &str, endpoint: &str) -> Client {
    let command = command.args([protocol, endpoint, service]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let child = command.stderr(Stdio::inherit()).spawn().unwrap_or_else(|why| panic!("{service}: {why}"));
    Client { service, retries, child }
}

fn python() -> Command {
    let mut python = tools::python();
    python.arg(tools::folder().join("python/sender.py"));
    python
}

fn node() -> Command {
    let mut node = tools::node();
    node.arg("sender.mjs");
    node
}

impl Client {
    /// Asks it to finish, and waits until it flushed.
    fn finish(mut self) -> Report {
        drop(self.child.stdin.take());
        let mut said = String::new();
        self.child.stdout.take().expect("piped").read_to_string(&mut said).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{}: {status}: {said}", self.service);
        serde_json::from_str(&said).unwrap_or_else(|why| panic!("{}: {why}: {said}", self.service))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Every client has had spans acknowledged that were sent after this was called.
async fn all_flow(coldlight: &Coldlight, clients: &[Client]) {
    let since = coldlight.sql("SELECT now()").await.texts().remove(0);
    for client in clients {
        let service = client.service;
        let question = format!("SELECT count(*) FROM spans WHERE service = '{service}' AND received_at > '{since}'");
        until(&format!("spans of {service}"), Duration::from_secs(30), async || {
            let count = coldlight.try_sql(&question).await?.number();
            if count > 0 { Ok(()) } else { Err("none yet".to_owned()) }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn python_and_node_sdks_lose_nothing_over_a_stop_and_a_kill() {
    let mut coldlight = Coldlight::start().await;
    let grpc = format!("http://{}", coldlight.grpc());
    let http = format!("http://{}/v1/traces", coldlight.otlp_http());
    // The JavaScript gRPC exporter never tries again; all others do, also when nobody listens.
    let clients = vec![
        client(python(), "python-grpc", true, "grpc", &grpc),
        client(python(), "python-http", true, "http", &http),
        client(node(), "node-grpc", false, "grpc", &grpc),
        client(node(), "node-http-json", true, "http-json", &http),
        client(node(), "node-http-proto", true, "http-proto", &http),
    ];
    all_flow(&coldlight, &clients).await;
    coldlight.stop().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    coldlight.start_again().await;
    all_flow(&coldlight, &clients).await;
    coldlight.kill9();
    coldlight.start_again().await;
    all_flow(&coldlight, &clients).await;

    for client in clients {
        let (service, retries) = (client.service, client.retries);
        let report = tokio::task::spawn_blocking(move || client.finish()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let kept = kept(&coldlight, service).await;
        println!(
            "{service}: {} created, {} acknowledged, {} kept",
            report.created.len(),
            report.acknowledged.len(),
            kept.len()
        );
        let missing: Vec<_> = report.acknowledged.iter().filter(|span| !kept.contains_key(*span)).collect();
        assert!(missing.is_empty(), "{service}: acknowledged and gone: {missing:?}");
        let doubled: Vec<_> = kept.iter().filter(|(_, count)| **count != 1).collect();
        assert!(doubled.is_empty(), "{service}: there more than once: {doubled:?}");
        assert!(kept.keys().all(|span| report.created.contains(span)), "{service}: holds spans that nobody sent");
        assert!(report.created.len() > 200, "{service}: sent hardly anything");
        if retries {
            let lost: Vec<_> = report.created.iter().filter(|span| !kept.contains_key(*span)).collect();
            assert!(lost.is_empty(), "{service}: an exporter that retries lost {} spans: {lost:?}", lost.len());
        }
    }
}

async fn kept(coldlight: &Coldlight, service: &str) -> BTreeMap<String, i64> {
    let question =
        format!("SELECT concat(trace_id, ':', span_id), count(*) FROM spans WHERE service = '{service}' GROUP BY ALL");
    let answer = coldlight.sql(&question).await;
    assert!(!answer.cut_off, "{service}: more spans than one answer holds");
    answer.rows.iter().map(|row| (table::text(&row[0]), table::number(&row[1]))).collect()
}
