//! coldlight-budgets: how large and how quick the pages are, each beside its limit, over a store with many spans and one very long trace.
//!
//! Starts a coldlight of its own, fills it (`coldlight-load`, then the trace), and hands over to `node/budgets.mjs`, which drives Chromium.
//! The figures are those of the machine, so this is no test; it ends with 1 when something is over its limit.

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Parser;
use coldlight_tests::large::large;
use coldlight_tests::otlp::trace_request;
use coldlight_tests::random::{Random, hex};
use coldlight_tests::{Coldlight, Options, grpc, tools};
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use prost::Message;
use serde_json::json;

/// Spans in one request.
const TOGETHER: usize = 2_000;

/// Measures the pages in Chromium: bytes, elements, times, and the heap of the live page
#[derive(Parser)]
struct Arguments {
    /// Spans of ordinary traffic in the store
    #[arg(long, default_value_t = 1_000_000)]
    spans: u64,
    /// Spans of the long trace
    #[arg(long, default_value_t = 100_000)]
    trace: u64,
    /// Where the store is kept, to be measured again; a temporary folder otherwise. Filled only when nothing is in it
    #[arg(long)]
    data: Option<PathBuf>,
    /// Minutes to watch the live page
    #[arg(long, default_value_t = 5.0)]
    minutes: f64,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let is_filled = arguments.data.as_ref().is_some_and(|data| data.join("coldlight.duckdb").exists());
    let mut coldlight = Coldlight::start_with(Options { data: arguments.data.clone(), ..Options::default() }).await;
    let mut random = Random::from_seed(11);
    let (middle, long) = (random.trace_id(), random.trace_id());
    if !is_filled {
        fill(&coldlight, &arguments, &mut random, [middle, long]).await?;
    }
    // Nothing of it is in memory when its first page is asked for.
    coldlight.restart().await;

    let told = json!({
        "server": format!("http://{}", coldlight.http()),
        "middle": hex(&middle), "long": hex(&long), "spans": arguments.trace, "minutes": arguments.minutes,
    });
    let mut node = tools::node();
    node.arg("budgets.mjs").env("COLDLIGHT_BUDGETS", told.to_string());
    let status = tokio::task::spawn_blocking(move || node.status()).await??;
    coldlight.stop().await;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Ordinary traffic, a trace of 10,000 spans and the long one.
async fn fill(
    coldlight: &Coldlight,
    arguments: &Arguments,
    random: &mut Random,
    [middle, long]: [[u8; 16]; 2],
) -> anyhow::Result<()> {
    let load = tools::target().join("release/coldlight-load");
    let mut command = Command::new(&load);
    command.args(["--spans", &arguments.spans.to_string()]);
    command.args(["--url", &format!("http://{}", coldlight.grpc())]);
    let status = command.status().with_context(|| format!("{}: build it first", load.display()))?;
    ensure!(status.success(), "coldlight-load: {status}");

    send(coldlight, large(random, middle, 10_000)).await?;
    send(coldlight, large(random, long, arguments.trace)).await?;
    coldlight.until_written(Duration::from_secs(600)).await;
    Ok(())
}

async fn send(coldlight: &Coldlight, resources: Vec<ResourceSpans>) -> anyhow::Result<()> {
    let mut connection = grpc::Connection::open(coldlight.grpc()).await?;
    for resource in resources {
        for scope in &resource.scope_spans {
            for some in scope.spans.chunks(TOGETHER) {
                let mut scope = scope.clone();
                scope.spans = some.to_vec();
                let part = ResourceSpans { scope_spans: vec![scope], ..resource.clone() };
                let request = trace_request(vec![part]).encode_to_vec();
                let answer = connection.call(grpc::TRACES, "identity", &request).await?;
                ensure!(answer.is_ok() && answer.message.is_empty(), "{answer:?}");
            }
        }
    }
    Ok(())
}
