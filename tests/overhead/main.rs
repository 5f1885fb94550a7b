//! What tracing costs a function: the same function plain, with our SDK, with our extension and with both, in one run, in turns.
//!
//! Cold start: the initialisation's length. Latency: from the event to the answer. Billed: the platform's duration, which goes on
//! until the extension asks for its next event. Memory: what the processes hold after all of it. A span: made and ended, by
//! `examples/measure.rs` of the SDK, which is the function too.

mod table;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Parser;
use coldlight_local::{Function, Request};
use coldlight_tests::functions::{self, Lambda};
use coldlight_tests::{Coldlight, measure, tools};
use serde_json::{Value, json};
use table::{Table, Target};

/// Measures what SDK and extension add to a function: cold start, latency, billed time, memory, and what one span costs
#[derive(Parser)]
struct Arguments {
    /// The extension to measure, such as the one of a layer [default: the one cargo built]
    #[arg(long)]
    extension: Option<PathBuf>,
    /// The layer's zip, to tell its size [default: the one that sdk/extension/layer/build made]
    #[arg(long)]
    zip: Option<PathBuf>,
    /// Cold starts of each kind
    #[arg(long, default_value_t = 30)]
    cold: usize,
    /// Warm invocations of each kind
    #[arg(long, default_value_t = 500)]
    warm: usize,
}

/// How the function runs.
#[derive(Clone, Copy, PartialEq)]
struct Kind {
    name: &'static str,
    has_sdk: bool,
    has_extension: bool,
}

const KINDS: [Kind; 4] = [
    Kind { name: "plain", has_sdk: false, has_extension: false },
    Kind { name: "SDK alone", has_sdk: true, has_extension: false },
    Kind { name: "extension alone", has_sdk: false, has_extension: true },
    Kind { name: "both", has_sdk: true, has_extension: true },
];

/// Times in milliseconds.
#[derive(Default)]
struct Times(Vec<f64>);

impl Times {
    fn add(&mut self, length: Duration) {
        self.0.push(length.as_secs_f64() * 1e3);
    }

    fn at(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().saturating_sub(1) as f64;
        sorted.get((last * share).round() as usize).copied().unwrap_or(f64::NAN)
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    ensure!(arguments.cold > 0 && arguments.warm > 0, "--cold and --warm are 1 at least");
    let coldlight = Coldlight::start().await;
    let collector = format!("http://{}", coldlight.otlp_http());
    let extension = arguments.extension.clone().unwrap_or_else(functions::extension);
    let function = |kind: &Kind| make(kind, &collector, &extension);

    // In turns, so that whatever else the machine does is shared.
    let mut inits = <[Times; 4]>::default();
    for _ in 0..arguments.cold {
        for (times, kind) in inits.iter_mut().zip(&KINDS) {
            times.add(init(function(kind)).await?);
        }
    }
    let mut table = Table::new(KINDS.map(|kind| kind.name));
    let cold = format!("of {} each", arguments.cold);
    table.row(&format!("cold start, p50 ms ({cold})"), &inits.each_ref().map(|times| times.at(0.5)));
    table.added("  added", Target { most: 30.0, unit: "ms" });
    table.row("cold start, p90 ms", &inits.each_ref().map(|times| times.at(0.9)));
    table.added("  added", Target { most: f64::INFINITY, unit: "ms" });

    let mut lambdas = Vec::new();
    for kind in &KINDS {
        lambdas.push(Lambda::new(function(kind)).await);
    }
    let (mut latency, mut billed) = (<[Times; 4]>::default(), <[Times; 4]>::default());
    for number in 0..=arguments.warm {
        for (kind, lambda) in lambdas.iter().enumerate() {
            let (answered, report) = once(lambda).await?;
            // The first one is the cold one.
            if number > 0 {
                latency[kind].add(answered);
                billed[kind].add(report);
            }
        }
    }
    table.row(&format!("latency, p50 ms (of {} each)", arguments.warm), &latency.each_ref().map(|times| times.at(0.5)));
    table.added("  added", Target { most: 1.0, unit: "ms" });
    table.row("latency, p99 ms", &latency.each_ref().map(|times| times.at(0.99)));
    table.added("  added", Target { most: 1.0, unit: "ms" });
    table.row("billed duration, p50 ms", &billed.each_ref().map(|times| times.at(0.5)));
    table.row("billed duration, p99 ms", &billed.each_ref().map(|times| times.at(0.99)));
    let held: Vec<BTreeMap<String, f64>> = lambdas.iter().map(memory).collect();
    let of = |name: &str| [0, 1, 2, 3].map(|kind| held[kind].get(name).copied().unwrap_or(f64::NAN));
    table.row("memory of the function, MB", &of("measure"));
    table.added("  added", Target { most: 15.0, unit: "MB" });
    table.row("memory of the extension, MB", &of("coldlight-exten"));
    for lambda in lambdas {
        lambda.fleet.shut_down().await;
    }
    println!("{table}");
    spans()?;
    layer(arguments.zip)
}

fn make(kind: &Kind, collector: &str, extension: &Path) -> Function {
    let program = functions::measured().display().to_string();
    let mut function = functions::function("orders", vec![program]);
    let which = if kind.has_sdk { "traced" } else { "plain" };
    function.variables.insert("COLDLIGHT_TEST_FUNCTION".to_owned(), which.to_owned());
    if kind.has_extension {
        function.extensions = vec![extension.to_owned()];
        function.collector = Some(collector.to_owned());
    } else if kind.has_sdk {
        function.variables.insert("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), collector.to_owned());
    }
    function
}

async fn init(function: Function) -> anyhow::Result<Duration> {
    let lambda = Lambda::new(function).await;
    let report = lambda.invoke(&event()).await?.report;
    lambda.fleet.shut_down().await;
    report.init.with_context(|| format!("it was not cold: {report:?}\n{}", lambda.last_words()))
}

/// Until the answer, and the reported duration.
async fn once(lambda: &Lambda) -> anyhow::Result<(Duration, Duration)> {
    let start = Instant::now();
    let answer = lambda.fleet.invoke(Request::new(event().to_string())).await?;
    let answered = start.elapsed();
    let complete = answer.complete().await.context("no report")?;
    complete.result.map_err(|error| anyhow::anyhow!("{}", String::from_utf8_lossy(&error.payload)))?;
    Ok((answered, complete.report.duration))
}

/// A request of an API, so that the SDK has something to recognise.
fn event() -> Value {
    json!({
        "version": "2.0", "routeKey": "GET /orders/{id}", "rawPath": "/orders/42", "headers": { "host": "x" },
        "requestContext": { "apiId": "a1", "stage": "$default", "http": { "method": "GET", "path": "/orders/42" } },
    })
}

/// Resident, in MB, by the name of the process.
fn memory(lambda: &Lambda) -> BTreeMap<String, f64> {
    let pids = lambda.fleet.running().into_iter().flat_map(|environment| environment.groups.pids());
    let held = pids.map(|pid| {
        let pid = pid.as_raw_nonzero().get().unsigned_abs();
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        (name.trim().to_owned(), measure::memory(pid).0 as f64 / f64::from(1 << 20))
    });
    held.collect()
}

/// The SDK's own figures.
fn spans() -> anyhow::Result<()> {
    let output = Command::new(functions::measured()).env("COLDLIGHT_TEST_FUNCTION", "spans").output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: BTreeMap<String, f64> = serde_json::from_slice(&output.stdout)?;
    for (what, us) in told {
        println!("{what:<44}{us:>10.2} µs  {}", Target { most: 2.0, unit: "µs" }.verdict(us));
    }
    Ok(())
}

fn layer(zip: Option<PathBuf>) -> anyhow::Result<()> {
    let machine = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    let usual = tools::target().join(format!("layer/coldlight-extension-{machine}.zip"));
    let zip = zip.unwrap_or(usual);
    match std::fs::metadata(&zip) {
        Ok(about) => {
            let mb = about.len() as f64 / 1e6;
            println!("{:<44}{mb:>10.2} MB  {}", "layer's zip", Target { most: 7.0, unit: "MB" }.verdict(mb));
        }
        Err(_) => println!("no layer at {}: sdk/extension/layer/build makes one", zip.display()),
    }
    Ok(())
}
